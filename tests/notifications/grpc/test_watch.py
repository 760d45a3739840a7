"""GetStatus and Watch: what REST tells, as it happens, bounded."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from foundation.clock import now_ms, to_rfc3339
from notifications.credentials import make_user_token
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.watching import News
from notifications.records import ChannelDecision, Decision, Event
from notifications.status import rank
from notifications.store import get_store
from notifications.store.port import Details, LogEntry
from tests.notifications.accepting import written
from tests.notifications.grpc.calling import an_event, refusal_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "store"])


def decided(event: Event, *channels: ChannelDecision) -> None:
    """The tracker's part of routing."""
    own = event.recipients[0]
    decision = Decision(
        id=own.id, user=own.user, event=event, channels=list(channels), at=now_ms(), category="order_updates"
    )
    get_store().record_details([Details(decision=decision)])
    for verdict in channels:
        if verdict.verdict == "drop":
            happened(event, verdict.channel, "dropped", send="", attempt=0, reason=verdict.reason)


def happened(event: Event, channel: str, status: str, *, send: str = "s1", attempt: int = 1, **detail: object) -> None:
    """The tracker's part of a report."""
    own = event.recipients[0]
    cell = LogEntry(
        **{"id": own.id, "user": own.user, "channel": channel, "send": send, "attempt": attempt, "status": status},
        rank=rank(channel, status),
        at=now_ms(),
        detail=dict(detail),
    )
    get_store().record([cell])


PUSH = ChannelDecision(channel="push", verdict="send", sends=["s1"])
NO_SMS = ChannelDecision(channel="sms", verdict="drop", reason="opted_out", detail="Turned off by the user.")


async def test_the_status_is_the_one_rest_tells(service):
    id = (await service.send(an_event(data={"n": 3, "big": "1"}))).notification_id
    before = await service.stub.GetStatus(pb.GetStatusRequest(notification_id=id), **service.said())
    assert (before.status, before.user_id, before.priority) == ("accepted", "usr_42", pb.PRIORITY_HIGH)
    assert before.event.target.user_id == "usr_42"
    assert before.event.data["n"] == 3
    [(_, event, _)] = written()
    await asyncio.to_thread(decided, event, PUSH, NO_SMS)
    await asyncio.to_thread(happened, event, "push", "sent", provider="apns", started_at=now_ms() - 50)
    after = await service.stub.GetStatus(pb.GetStatusRequest(notification_id=id), **service.said())
    assert after.status == "delivered"
    by_channel = {channel.channel: channel for channel in after.channels}
    assert by_channel[pb.CHANNEL_PUSH].provider == "apns"
    assert by_channel[pb.CHANNEL_SMS].reason == "opted_out"
    assert [entry.status for entry in after.timeline] == ["accepted", "pending", "dropped", "sent"]
    assert after.timeline[-1].took.ToMilliseconds() >= 50
    assert to_rfc3339(after.timeline[0].at.ToMilliseconds()) == to_rfc3339(event.accepted_at)


@pytest.mark.parametrize("method", ["GetStatus", "Watch"])
@pytest.mark.parametrize("id", ["", "notif_0", "x" * 5_000, "notif_0199f2d1c0de7000a1b2c3d4e5f60718"])
async def test_what_isnt_there_isnt_found(service, method, id):
    asked = pb.GetStatusRequest(notification_id=id) if method == "GetStatus" else pb.WatchRequest(notification_id=id)
    call = getattr(service.stub, method)(asked, **service.said())
    told = await refusal_of(call if method == "GetStatus" else call.read(), grpc.StatusCode.NOT_FOUND)
    assert told.field == "id"


async def test_a_users_own_token_sees_the_status_without_the_data_and_another_nothing(service):
    id = (await service.send(an_event("usr_42"))).notification_id
    service.secret = make_user_token("usr_42")
    told = await service.stub.GetStatus(pb.GetStatusRequest(notification_id=id), **service.said())
    assert told.status == "accepted"
    assert not told.HasField("event")
    service.secret = make_user_token("usr_other")
    call = service.stub.GetStatus(pb.GetStatusRequest(notification_id=id), **service.said())
    await refusal_of(call, grpc.StatusCode.NOT_FOUND)


async def test_a_watch_tells_what_is_new_and_ends_with_the_outcome(service):
    id = (await service.send(an_event())).notification_id
    call = service.stub.Watch(pb.WatchRequest(notification_id=id), **service.said())
    first = await call.read()
    assert (first.status, [entry.status for entry in first.timeline], first.final) == ("accepted", ["accepted"], False)
    [(_, event, _)] = written()
    await asyncio.to_thread(decided, event, PUSH)
    second = await call.read()
    assert (second.status, [entry.status for entry in second.timeline]) == ("in_flight", ["pending"])
    await asyncio.to_thread(happened, event, "push", "sent")
    third = await call.read()
    assert (third.status, [entry.status for entry in third.timeline], third.final) == ("delivered", ["sent"], True)
    assert await call.read() is grpc.aio.EOF


async def test_a_watch_for_receipts_goes_on_until_its_deadline(service):
    id = (await service.send(an_event())).notification_id
    [(_, event, _)] = written()
    await asyncio.to_thread(decided, event, PUSH)
    await asyncio.to_thread(happened, event, "push", "sent")
    call = service.stub.Watch(
        pb.WatchRequest(notification_id=id, receipts=True), metadata=service.said()["metadata"], timeout=4
    )
    assert (await call.read()).final
    await asyncio.to_thread(happened, event, "push", "delivered")
    assert [entry.status for entry in (await call.read()).timeline] == ["delivered"]
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call.read()
    assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_watches_are_bounded_in_number_and_in_time(service, settings, start, secret):
    id = (await service.send(an_event())).notification_id
    settings.GRPC_WATCHES_MAX, settings.GRPC_WATCH_MAX_S = 1, 0.5
    from tests.notifications.grpc.calling import Service

    async with Service((await start()).port, secret) as other:
        one = other.stub.Watch(pb.WatchRequest(notification_id=id), **other.said())
        await one.read()
        two = other.stub.Watch(pb.WatchRequest(notification_id=id), **other.said())
        await two.read()
        told = await refusal_of(two.read(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert told.info.reason == "TOO_MANY_WATCHES"
        assert await one.read() is grpc.aio.EOF


def test_an_entry_that_comes_late_is_told_once():
    entry = {"at": to_rfc3339(now_ms()), "status": "accepted"}
    late = {"at": to_rfc3339(1), "status": "pending", "channel": "push"}
    told = {"status": "in_flight", "channels": {}, "timeline": [entry]}
    news = News()
    assert [each.status for each in news.of(told).timeline] == ["accepted"]
    told["timeline"] = [late, entry]
    assert [each.status for each in news.of(told).timeline] == ["pending"]
    assert not news.of(told).timeline
