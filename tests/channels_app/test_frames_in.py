"""What clients send: acknowledgements become receipts in batches, bad frames are named, and nothing else happens."""

from __future__ import annotations

import asyncio

from foundation.clock import now_ms
from notifications import announce


async def test_acks_become_receipts_in_one_batch_and_only_for_what_was_sent(start_gateway, connect, inbox):
    ann = await connect(await start_gateway())
    announce.announce([("usr_ann", inbox.add("usr_ann", number, at=now_ms())) for number in range(3)])
    for _ in range(3):
        await ann.next("notification")

    await ann.send(type="ack", ids=["notif_0", "notif_1"])
    await ann.send(type="ack", ids=["notif_1", "notif_2", "notif_of_somebody_else"])

    async with asyncio.timeout(5):
        while not inbox.receipts:
            await asyncio.sleep(0.01)
    (batch,) = inbox.receipts
    assert [(one.id, one.user, one.channel, one.status) for one in batch] == [
        (f"notif_{number}", "usr_ann", "in_app", "delivered") for number in range(3)
    ]


async def test_bad_frames_are_answered_and_the_socket_stays(start_gateway, connect):
    ann = await connect(await start_gateway())
    for text, told in [
        ('{"type": "dance"}', "dance"),
        ('{"type": "ack", "ids": []}', "ids"),
        ('{"type": "mark_read", "ids": [3]}', "ids[0]"),
        ("{" * 2000, "malformed"),
        ('{"type": "pong"', "truncated"),
        ('{"type": "ack", "ids": ["' + "x" * 70_000 + '"]}', "longer"),
    ]:
        await ann.socket.send(text)
        error = await ann.next("error")
        assert told in (error["detail"] + str(error.get("field"))), error
    await ann.socket.send(b"binary")
    assert "binary" in (await ann.next("error"))["detail"]
    await ann.send(type="auth", token="token-ann")
    assert (await ann.next("error"))["code"] == "already_authenticated"
    await ann.send(type="read_all")
    assert (await ann.next("read"))["all"] is True
