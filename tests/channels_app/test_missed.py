"""What was missed comes in order; a Redis that forgot or went away is made up for."""

from __future__ import annotations

import asyncio

from channels_app import house, missed, switchboard
from foundation.clock import now_ms, to_rfc3339
from notifications import announce


async def test_on_connect_the_newest_unread_come_oldest_first_then_the_counts(start_gateway, connect, inbox):
    for number in range(3):
        inbox.add("usr_ann", number, at=now_ms() - 10_000 + number)
    gateway = await start_gateway()
    ann = await connect(gateway, "token-bob")

    await ann.send(type="sync")
    assert [frame["type"] for frame in await ann.until_synced()] == ["unread_count", "synced"]

    ann = await connect(gateway)
    await ann.send(type="sync")
    frames = await ann.until_synced()
    assert [frame["type"] for frame in frames] == ["notification"] * 3 + ["unread_count", "synced"]
    assert [frame["notification"]["id"] for frame in frames[:3]] == ["notif_0", "notif_1", "notif_2"]


async def test_sync_goes_back_a_minute_before_last_seen(start_gateway, connect, inbox):
    seen = now_ms() - 600_000
    for number in range(11):
        inbox.add("usr_ann", number, at=seen - 70_000 + number * 20_000)
    ann = await connect(await start_gateway())

    await ann.send(type="sync", last_seen=to_rfc3339(seen))

    frames = await ann.until_synced()
    ids = [frame["notification"]["id"] for frame in frames if frame["type"] == "notification"]
    assert ids == [f"notif_{number}" for number in range(1, 11)]
    assert frames[-1]["complete"] is True


async def test_a_batch_that_goes_out_again_does_not_bring_what_catching_up_brought(start_gateway, connect, inbox):
    missed_one = inbox.add("usr_ann", 1, at=now_ms())
    ann = await connect(await start_gateway())  # new, and so it doesn't know what its predecessor brought
    await ann.send(type="sync")
    await ann.until_synced()
    await ann.send(type="ack", ids=["notif_1"])
    await ann.send(type="sync", last_seen=to_rfc3339(now_ms() + 120_000))
    await ann.until_synced()

    announce.announce([("usr_ann", missed_one)])
    announce.announce([("usr_ann", inbox.add("usr_ann", 2, at=now_ms()))])

    assert (await ann.next("notification"))["notification"]["id"] == "notif_2"


async def test_a_sync_that_carries_too_much_says_so(start_gateway, connect, inbox, monkeypatch):
    monkeypatch.setattr(missed, "MOST", 3)
    for number in range(5):
        inbox.add("usr_ann", number, at=now_ms() + number)
    ann = await connect(await start_gateway())
    await ann.send(type="sync", last_seen=to_rfc3339(now_ms()))
    frames = await ann.until_synced()
    assert [frame["type"] for frame in frames] == ["notification"] * 3 + ["unread_count", "synced"]
    assert frames[-1]["complete"] is False


async def test_a_bad_last_seen_is_an_error_that_names_the_field(start_gateway, connect):
    ann = await connect(await start_gateway())
    await ann.send(type="sync", last_seen="yesterday")
    assert (await ann.next("error"))["field"] == "last_seen"


async def test_an_emptied_redis_gets_everybody_again_and_they_are_caught_up(
    start_gateway, connect, inbox, redis, monkeypatch
):
    monkeypatch.setattr(house, "WATCH_S", 0.05)
    monkeypatch.setattr(missed, "SPREAD_S", 0.05)
    ann = await connect(await start_gateway())

    redis.flushdb()
    frame = inbox.add("usr_ann", 1, at=now_ms())
    announce.announce([("usr_ann", frame)])

    assert (await ann.next("notification"))["notification"]["id"] == "notif_1"
    await ann.next("synced")
    assert announce.connected(["usr_ann"]) == {"usr_ann"}


async def test_a_broken_connection_to_redis_is_made_again_and_made_up_for(
    start_gateway, connect, inbox, redis, monkeypatch
):
    monkeypatch.setattr(missed, "SPREAD_S", 0.05)
    ann = await connect(await start_gateway())

    redis.client_kill_filter(_type="pubsub")
    inbox.add("usr_ann", 1, at=now_ms())

    assert (await ann.next("notification"))["notification"]["id"] == "notif_1"
    await ann.next("synced")
    assert announce.announce([("usr_ann", inbox.add("usr_ann", 2, at=now_ms()))]) == {"usr_ann"}
    assert (await ann.next("notification"))["notification"]["id"] == "notif_2"


async def test_who_leaves_is_no_longer_present(start_gateway, connect):
    ann = await connect(await start_gateway())
    assert announce.connected(["usr_ann", "usr_bob"]) == {"usr_ann"}
    await ann.socket.close()
    async with asyncio.timeout(5):
        while announce.connected(["usr_ann"]):
            await asyncio.sleep(0.01)


async def test_a_ping_comes_and_the_silent_are_dropped(start_gateway, connect, settings, monkeypatch):
    monkeypatch.setattr(switchboard, "TICK_S", 0.05)
    settings.SOCKET_PING_S, settings.SOCKET_DEAD_S = 0.1, 0.5
    gateway = await start_gateway()
    ann = await connect(gateway)
    await ann.next("ping")
    await ann.socket.wait_closed()
    assert gateway.board.count == 0
