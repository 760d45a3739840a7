"""What is announced reaches every device of its user, on whichever gateway, and what one does shows on all."""

from __future__ import annotations

from channels_app import missed
from foundation.clock import now_ms
from notifications import announce


async def test_two_devices_on_two_gateways_get_the_same_notification(start_gateway, connect, inbox):
    phone = await connect(await start_gateway())
    laptop = await connect(await start_gateway())

    reached = announce.announce([("usr_ann", inbox.add("usr_ann", 1, at=now_ms())), ("usr_nobody", {"type": "ping"})])

    assert reached == {"usr_ann"}
    assert (await phone.next("notification"))["notification"]["id"] == "notif_1"
    assert (await laptop.next("notification"))["notification"]["id"] == "notif_1"


async def test_a_live_notification_is_followed_by_the_exact_counts(start_gateway, connect, inbox):
    phone = await connect(await start_gateway())
    announce.announce([("usr_ann", inbox.add("usr_ann", number, at=now_ms())) for number in range(3)])
    assert await phone.next("unread_count") == {"type": "unread_count", "unread": 3, "unseen": 3}


async def test_a_read_on_one_device_shows_on_all(start_gateway, connect, inbox):
    phone = await connect(await start_gateway())
    laptop = await connect(await start_gateway())

    await phone.send(type="mark_read", ids=["notif_1"])

    assert await laptop.next("read") == {"type": "read", "ids": ["notif_1"], "read": True}
    assert (await phone.next("read"))["ids"] == ["notif_1"]
    assert inbox.marked == [("usr_ann", ["notif_1"], {"read": True})]


async def test_what_a_batch_that_was_sent_again_announces_again_is_shown_once(start_gateway, connect, inbox):
    phone = await connect(await start_gateway())
    first, second = (inbox.add("usr_ann", number, at=now_ms()) for number in (1, 2))
    announce.announce([("usr_ann", first)])
    await phone.next("notification")
    await phone.send(type="ack", ids=["notif_1"])

    announce.announce([("usr_ann", first), ("usr_ann", second)])

    assert (await phone.next("notification"))["notification"]["id"] == "notif_2"


async def test_who_is_caught_up_after_redis_was_lost_isnt_shown_again_what_came_before(
    start_gateway, connect, inbox, redis, monkeypatch
):
    monkeypatch.setattr(missed, "SPREAD_S", 0.05)
    phone = await connect(await start_gateway())
    announce.announce([("usr_ann", inbox.add("usr_ann", 1, at=now_ms()))])
    await phone.next("notification")

    redis.client_kill_filter(_type="pubsub")
    inbox.add("usr_ann", 2, at=now_ms())

    assert (await phone.next("notification"))["notification"]["id"] == "notif_2"
