"""A user's inbox as their own app sees it: counts, read state, live sockets, with Redis emptied in between (§6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from asgiref.sync import sync_to_async
from django.core.wsgi import get_wsgi_application

from channels_app import longpoll
from channels_app.gateway import Gateway, _real_calls
from channels_app.polling import LongPolls
from config.bridge import WsgiBridge
from foundation.clock import now_ms
from notifications.credentials import make_user_token
from tests.channels_app.conftest import Client, Running, _signals, _threads  # noqa: F401
from tests.channels_app.inbox_calls import App
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture
def send(pipeline: Pipeline) -> Callable[..., list[str]]:
    """Sends so many to usr_42 and runs the pipeline; their ids, the oldest first."""
    make_type("liked", channels=["in_app"], category="social")
    make_type("order_shipped", channels=["in_app"], priority="high")
    make_user("usr_42")

    def run(count: int = 1, type_name: str = "liked") -> list[str]:
        ids = []
        for n in range(count):
            ids.append(pipeline.send(type_name, "usr_42", data={"order": f"A{n}"}))
            time.sleep(0.002)  # ids and positions of the same millisecond have no order
        pipeline.run()
        return ids

    return run


def test_counts_are_exact_whatever_redis_forgets(pipeline: Pipeline, send: Callable[..., list[str]], redis: Any):
    app = App("usr_42")
    first = send(5)
    assert app.counts() == (5, 5)
    redis.flushdb()
    assert app.counts() == (5, 5)
    app.post(f"/{first[0]}/read")
    redis.flushdb()
    send(2)
    redis.flushdb()
    assert app.counts() == (6, 6)
    app.post(f"/{first[0]}/unread")
    app.post(f"/{first[1]}/seen")
    app.post(f"/{first[2]}/archive")
    counts = app.counts()
    redis.flushdb()
    assert app.counts() == counts
    app.post("/read_all")
    assert app.counts() == (0, 0)
    redis.flushdb()
    assert app.counts() == (0, 0)
    send(1)
    assert app.counts() == (1, 1)
    redis.flushdb()
    assert app.counts() == (1, 1)
    assert_accounted_for()


def test_filters_pages_and_states(pipeline: Pipeline, send: Callable[..., list[str]]):
    app = App("usr_42")
    liked, shipped = send(3), send(2, "order_shipped")
    assert app.ids() == [*reversed(shipped), *reversed(liked)]
    page = app.get(limit=2).json()
    assert [entry["id"] for entry in page["notifications"]] == list(reversed(shipped))
    rest = app.get(limit=10, cursor=page["cursor"]).json()
    assert ([entry["id"] for entry in rest["notifications"]], rest["cursor"]) == (list(reversed(liked)), None)
    assert app.ids(category="social") == list(reversed(liked))

    app.post(f"/{liked[0]}/archive")
    app.post(f"/{liked[1]}/read")
    assert app.ids(archived="true") == [liked[0]]
    assert liked[0] not in app.ids()
    assert app.ids(unread="true") == [*reversed(shipped), liked[2]]
    app.post(f"/{liked[1]}/unread")
    assert liked[1] in app.ids(unread="true")
    app.post(f"/{liked[0]}/unarchive")
    assert app.ids()[-1] == liked[0]

    pipeline.run()
    assert channels(liked[1])["in_app"] == ("read", "")  # a status never goes back


def test_what_was_read_is_read_when_it_is_delivered_again(pipeline: Pipeline, send: Callable[..., list[str]]):
    from notifications.log import get_log
    from notifications.log.port import Message
    from notifications.records import HEADER_REPEAT
    from notifications.topology import RAW

    app, (id,) = App("usr_42"), send(1)
    app.post(f"/{id}/read")
    log = get_log()
    (event,) = [r for p, end in log.end_offsets(RAW).items() for r in log.read(RAW, p, 0, end)]
    log.produce([Message(RAW, "usr_42", event.value, {HEADER_REPEAT: "1"})])
    pipeline.run()
    assert app.ids() == [id]
    assert app.counts() == (0, 0)
    assert app.get().json()["notifications"][0]["read"]


class TestLive:
    """Two devices on a real gateway, what is sent coming through the whole pipeline."""

    @pytest.fixture
    async def gateway(self, pipeline: Pipeline):
        application = Gateway(_real_calls)
        server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, ws="wsproto", log_config=None))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        running = Running(application, server, task)
        yield running
        await running.stop()

    async def test_it_pops_up_on_both_and_a_read_on_one_shows_on_the_other(
        self, pipeline: Pipeline, send: Callable[..., list[str]], gateway: Running, redis: Any
    ):
        run = sync_to_async(send, thread_sensitive=True)
        async with (
            websockets.connect(gateway.url, proxy=None) as one,
            websockets.connect(gateway.url, proxy=None) as two,
        ):
            phone, laptop = Client(one), Client(two)
            for device in (phone, laptop):
                await device.send(type="auth", token=make_user_token("usr_42"))
                await device.until_synced()
            began = time.monotonic()
            (id,) = await run()
            for device in (phone, laptop):
                assert (await device.next("notification"))["notification"]["id"] == id
                assert (await device.next("unread_count"))["unread"] == 1
            assert time.monotonic() - began < 5

            await phone.send(type="mark_read", ids=[id])
            assert (await laptop.next("read"))["ids"] == [id]
            app = App("usr_42")
            await sync_to_async(app.post)(f"/{id}/unread")
            frame = await phone.next("read")
            while frame["read"]:
                frame = await phone.next("read")
            assert frame["ids"] == [id]

            await sync_to_async(redis.flushdb)()  # the gateway sees it within a second and catches its users up
            (missed,) = await run()
            for device in (phone, laptop):
                async with asyncio.timeout(15):
                    while (await device.next("notification", timeout=15))["notification"]["id"] != missed:
                        pass

    async def test_a_long_poll_wakes_for_it(self, pipeline: Pipeline, send: Callable[..., list[str]]):
        web = LongPolls(WsgiBridge(get_wsgi_application(), workers=2, max_bytes=1_000))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=web), base_url="http://localhost") as client:
            headers = {"Authorization": f"Bearer {make_user_token('usr_42')}"}
            query = {"since": now_ms(), "wait": 15}
            path = "/api/v1/users/usr_42/notifications"
            polling = asyncio.create_task(client.get(path, params=query, headers=headers, timeout=20))
            (id,) = await sync_to_async(send)()
            async with asyncio.timeout(10):
                answer = await polling
            assert [entry["id"] for entry in answer.json()["notifications"]] == [id]
        longpoll.close()
