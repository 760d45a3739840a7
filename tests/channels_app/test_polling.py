"""A long-poll waits without a thread, wakes at once, and ends in time (contract §6)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from channels_app import inbox, longpoll
from channels_app.calls import in_thread
from channels_app.polling import LongPolls
from config.bridge import WsgiBridge
from foundation.clock import now_ms
from notifications import announce
from notifications.credentials import make_user_token
from notifications.store import get_store
from tests.channels_app.inbox_calls import deliver
from tests.notifications.store.rows import inbox_row, new_user

# A look into an inbox asks the control plane too, once a second: for broadcasts that come in when one reads.
pytestmark = pytest.mark.django_db(databases=["default", "store"], transaction=True)


def bridged() -> Any:
    return WsgiBridge(get_wsgi_application(), workers=2, max_bytes=1_000)


@pytest.fixture(params=[bridged, get_asgi_application])
async def web(redis: Any, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=LongPolls(request.param()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    longpoll.close()


def poll(web: httpx.AsyncClient, user: str, *, token_of: str | None = None, **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {make_user_token(token_of or user)}"}
    return web.get(f"/api/v1/users/{user}/notifications", params=query, headers=headers, timeout=20)


async def listening(user: str) -> None:
    async with asyncio.timeout(5):
        while not await in_thread(announce.connected, [user]):
            await asyncio.sleep(0.005)


def deliver_and_announce(user: str) -> str:
    row = inbox_row(user)
    get_store().add_inbox([row])
    announce.announce([(user, inbox.notification_frame(row))])
    return row.id


async def test_what_is_there_is_answered_at_once(web: httpx.AsyncClient) -> None:
    user, before = new_user(), now_ms()
    [id] = await in_thread(deliver, user)

    answer = await poll(web, user, since=before, wait=20)

    assert [entry["id"] for entry in answer.json()["notifications"]] == [id]


async def test_a_poll_wakes_when_something_is_delivered(web: httpx.AsyncClient) -> None:
    user = new_user()
    polling = asyncio.create_task(poll(web, user, since=now_ms(), wait=20))
    await listening(user)

    id = await in_thread(deliver_and_announce, user)

    async with asyncio.timeout(5):
        answer = await polling
    assert [entry["id"] for entry in answer.json()["notifications"]] == [id]


async def test_a_poll_that_hears_nothing_ends_in_time(web: httpx.AsyncClient) -> None:
    started = time.monotonic()

    answer = await poll(web, new_user(), since=now_ms(), wait=0.2)

    assert answer.status_code == 200
    assert answer.json()["notifications"] == []
    assert 0.2 <= time.monotonic() - started < 5


async def test_many_polls_wait_without_a_thread_each(web: httpx.AsyncClient) -> None:
    users = [new_user() for _ in range(60)]
    polls = [asyncio.create_task(poll(web, user, since=now_ms(), wait=20)) for user in users]
    for user in users:
        await listening(user)

    assert threading.active_count() < 40
    for user in users:
        await in_thread(deliver_and_announce, user)
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*polls)
    assert all(len(answer.json()["notifications"]) == 1 for answer in answers)


async def test_refusals_come_at_once_and_register_nobody(web: httpx.AsyncClient) -> None:
    user = new_user()

    assert (await poll(web, user, token_of=new_user(), since=0, wait=20)).status_code == 403
    assert (await poll(web, user, since="soon", wait=20)).status_code == 400
    assert not await in_thread(announce.connected, [user])


async def test_everything_else_passes_through(web: httpx.AsyncClient) -> None:
    user = new_user()
    await in_thread(deliver, user)

    answer = await poll(web, user, limit=5)

    assert len(answer.json()["notifications"]) == 1
    assert answer.json()["cursor"] is None
