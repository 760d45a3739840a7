"""The gateway with nothing replaced: real tokens and tickets, the store, the counts, the log."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
import websockets
from asgiref.sync import sync_to_async

from channels_app import inbox
from channels_app.gateway import Gateway, _real_calls
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications import announce, credentials, unread
from notifications.log import get_log
from notifications.records import Reports, decode
from notifications.store import get_store
from notifications.store.port import InboxRow
from notifications.topology import DELIVERY
from templates_app.content import Content
from tests.channels_app.conftest import Client, Running
from tests.engines import own_log

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "store"])


@pytest.fixture
def topics(settings, tmp_path):
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path)
    get_log.cache_clear()
    get_log().create_topics({DELIVERY: 16})
    yield
    get_log().close()
    get_log.cache_clear()


@pytest.fixture
async def gateway(redis, topics):
    application = Gateway(_real_calls)
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, ws="wsproto", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    running = Running(application, server, task)
    yield running
    await running.stop()


def deliver(title: str) -> str:
    """As the in-app stage does it."""
    at = now_ms()
    row = InboxRow(
        user="usr_ann",
        id=new_notification_id(),
        at=at,
        type="t",
        category="c",
        content=Content(title=title, body=""),
        stored_at=at,
    )
    get_store().add_inbox([row])
    unread.add([(row.user, row.id)])
    announce.announce([(row.user, inbox.notification_frame(row))])
    return row.id


def delivered() -> list[tuple[str, str]]:
    """(id, status) of every report on the log."""
    ends = get_log().end_offsets(DELIVERY)
    records = [record for number, end in ends.items() for record in get_log().read(DELIVERY, number, 0, end)]
    return [(report.id, report.status) for record in records for report in decode(Reports, record.value).reports]


async def test_missed_live_read_and_acknowledged(gateway):
    missed = await sync_to_async(deliver)("missed")
    token = credentials.make_user_token("usr_ann")
    async with (
        websockets.connect(gateway.url, proxy=None) as socket,
        websockets.connect(gateway.url + "?ticket=" + credentials.make_ticket("usr_ann"), proxy=None) as other,
    ):
        phone, laptop = Client(socket), Client(other)
        await phone.send(type="auth", token=token)
        frames = await phone.until_synced()
        await laptop.until_synced()
        assert [frame["type"] for frame in frames] == ["hello", "notification", "unread_count", "synced"]
        assert frames[1]["notification"]["id"] == missed

        live = await sync_to_async(deliver)("live")
        assert (await phone.next("notification"))["notification"]["title"] == "live"
        assert await phone.next("unread_count") == {"type": "unread_count", "unread": 2, "unseen": 2}

        await phone.send(type="mark_read", ids=[missed, live])
        assert set((await laptop.next("read"))["ids"]) == {missed, live}
        await phone.send(type="ack", ids=[missed, live])
        await phone.send(type="mark_read", ids=["notif_of_somebody_else"])
        assert (await phone.next("error"))["code"] == "not_found"

        async with asyncio.timeout(5):
            while {(missed, "delivered"), (live, "delivered")} - set(await sync_to_async(delivered)()):
                await asyncio.sleep(0.05)


async def test_an_expired_token_opens_nothing(gateway):
    token = credentials.make_user_token("usr_ann", seconds=-1)
    async with websockets.connect(gateway.url, proxy=None) as socket:
        client = Client(socket)
        await client.send(type="auth", token=token)
        assert (await client.next())["code"] == "unauthenticated"
