"""Send: what is answered is durable; who may; keys; limits; deadlines; what is too large or can't be read."""

from __future__ import annotations

import asyncio
from threading import Event

import grpc
import pytest

from foundation.errors import LogUnavailable
from notifications.credentials import create_token
from notifications.grpc import gathering
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.refusing import CODES
from tests.notifications.accepting import make_type, written
from tests.notifications.grpc.calling import Service, Told, an_event, refusal_of, status_of
from tests.test_structure import _below

pytestmark = pytest.mark.django_db(transaction=True)
NESTED = 20_000


async def test_an_event_is_answered_with_its_id_and_stands_on_the_log(service):
    answer = await service.send(an_event())
    assert answer.status == "accepted"
    assert list(answer.estimated_channels) == [pb.CHANNEL_IN_APP, pb.CHANNEL_PUSH, pb.CHANNEL_EMAIL]
    [(_, event, _)] = written()
    assert event.recipients[0].id == answer.notification_id
    assert event.data == {"order_id": "ord_abc123", "carrier": "FedEx"}


async def test_sends_at_the_same_time_are_accepted_together_each_with_its_own_answer(service, monkeypatch):
    batches = []
    accept = gathering.accept_charged

    def counted(requests, *rest, **named):
        batches.append(len(requests))
        return accept(requests, *rest, **named)

    monkeypatch.setattr(gathering, "accept_charged", counted)
    users = [f"u{n}" for n in range(40)]
    answers = await asyncio.gather(*(service.send(an_event(user)) for user in users))
    by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
    assert [by_id[answer.notification_id] for answer in answers] == users
    assert len(batches) < len(users)


async def test_the_callers_trace_goes_along(service):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await service.send(an_event(), traceparent=trace)
    assert written()[0][2]["traceparent"] == trace


# --- who may


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer npx_wrong", "Bearer nps_wrong"])
async def test_a_missing_or_wrong_token_is_unauthenticated(service, header):
    metadata = () if header is None else (("authorization", header),)
    for call in (service.stub.Send(an_event(), metadata=metadata), service.stub.SendBatch(iter(()), metadata=metadata)):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await (call if isinstance(call, grpc.aio.UnaryUnaryCall) else call.read())
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert Told(status_of(refusal.value)).info.reason == "UNAUTHENTICATED"
    assert written() == []


@pytest.fixture
def reader() -> str:
    return create_token(name="reader", scopes=["notifications:read"])[0]


async def test_a_token_without_the_scope_is_denied_and_told_which(service, reader):
    service.secret = reader
    told = await refusal_of(service.send(an_event()), grpc.StatusCode.PERMISSION_DENIED)
    assert told.info.reason == "SCOPE_MISSING"
    assert "notifications:send" in told.problem["remedy"]


# --- keys


@pytest.mark.parametrize("place", ["metadata", "field"])
async def test_a_repeat_under_the_same_key_gets_the_same_id(service, place):
    event = an_event(idempotency_key="k1") if place == "field" else an_event()
    metadata = {"idempotency_key": "k1"} if place == "metadata" else {}
    first = await service.send(event, **metadata)
    assert (await service.send(event, **metadata)).notification_id == first.notification_id
    assert len(written()) == 1


async def test_a_key_for_another_body_is_a_failed_precondition(service):
    await service.send(an_event(), idempotency_key="k2")
    told = await refusal_of(service.send(an_event("other"), idempotency_key="k2"), grpc.StatusCode.FAILED_PRECONDITION)
    assert told.info.reason == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_that_cant_be_one_is_named(service, key):
    told = await refusal_of(service.send(an_event(), idempotency_key=key), grpc.StatusCode.INVALID_ARGUMENT)
    assert told.field == "Idempotency-Key"


async def test_a_deadline_during_the_durable_write_and_the_retry_gets_the_same_id(service, monkeypatch):
    going, go_on = Event(), Event()
    accept = gathering.accept_charged

    def slowly(*args, **named):
        going.set()
        go_on.wait(10)
        return accept(*args, **named)

    monkeypatch.setattr(gathering, "accept_charged", slowly)
    call = service.stub.Send(an_event(), metadata=service.said(idempotency_key="k3")["metadata"], timeout=0.5)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert refusal.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert going.is_set()
    go_on.set()
    again = await service.send(an_event(), idempotency_key="k3")
    [(_, event, _)] = written()
    assert event.recipients[0].id == again.notification_id


async def test_who_gave_up_before_his_turn_isnt_accepted(service, monkeypatch):
    going, go_on = Event(), Event()
    accept = gathering.accept_charged

    def slowly(*args, **named):
        going.set()
        go_on.wait(10)
        return accept(*args, **named)

    monkeypatch.setattr(gathering, "accept_charged", slowly)
    first = asyncio.ensure_future(service.send(an_event("first")))
    await asyncio.to_thread(going.wait, 10)
    late = service.stub.Send(an_event("late"), metadata=service.said()["metadata"], timeout=0.3)
    with pytest.raises(grpc.aio.AioRpcError):
        await late
    go_on.set()
    await first
    assert [event.recipients[0].user for _, event, _ in written()] == ["first"]


# --- limits


@pytest.fixture
def slow_secret() -> str:
    make_type()
    return create_token(name="slow", scopes=["notifications:send"], rate=1)[0]


async def test_a_token_over_its_rate_is_exhausted_and_told_when_to_come_back(start, slow_secret):
    server = await start()
    async with Service(server.port, slow_secret) as service:
        answers = await asyncio.gather(*(service.send(an_event()) for _ in range(8)), return_exceptions=True)
    refused = [each for each in answers if isinstance(each, grpc.aio.AioRpcError)]
    assert len(written()) == len(answers) - len(refused) > 0
    for each in refused:
        assert each.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        told = Told(status_of(each))
        assert told.info.reason == "RATE_LIMITED"
        assert told.retry.retry_delay.ToTimedelta().total_seconds() > 0
    assert refused


async def test_the_log_away_is_unavailable_with_a_time_to_retry(service, monkeypatch):
    def away(*args, **named):
        raise LogUnavailable("away")

    monkeypatch.setattr(gathering, "accept_charged", away)
    told = await refusal_of(service.send(an_event()), grpc.StatusCode.UNAVAILABLE)
    assert told.retries


async def test_a_fault_of_ours_tells_nothing_of_our_insides(service, monkeypatch):
    def broken(*args, **named):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(gathering, "accept_charged", broken)
    told = await refusal_of(service.send(an_event()), grpc.StatusCode.INTERNAL)
    assert "secret" not in str(told.status)


# --- what can't be read


def struct_nested(levels: int) -> bytes:
    """A SendRequest whose data is nested, written by hand: libraries refuse to."""
    inner = b""
    for _ in range(levels):
        value = b"\x2a" + varint(len(inner)) + inner  # Value.struct_value
        entry = b"\x0a\x01a\x12" + varint(len(value)) + value  # Struct.fields: "a" → value
        inner = b"\x0a" + varint(len(entry)) + entry
    return an_event().SerializeToString() + b"\x1a" + varint(len(inner)) + inner


def varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


UNREADABLE = {
    "rubbish": b"\xff\xff\xff\xff rubbish",
    "broken off": an_event().SerializeToString()[:-3],
    "text that isn't UTF-8": b"\x0a\x02\xff\xfe",
    "deep nesting": struct_nested(40),
    "bottomless nesting": struct_nested(3_000),
    "another service's message": b"\x08\x96\x01",
    "nothing at all": b"",
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_cant_be_read_is_an_invalid_argument(service, name):
    told = await refusal_of(service.raw("Send")(UNREADABLE[name], **service.said()), grpc.StatusCode.INVALID_ARGUMENT)
    assert told.field
    assert told.problem["remedy"]
    assert written() == []


@pytest.mark.parametrize("size", [65 * 1024, 5 * 1024**2])
async def test_an_oversized_message_is_exhausted_not_read(service, size):
    call = service.send(an_event(data={"x": "y" * size}))
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert written() == []


async def test_a_compressed_bomb_is_bounded_too(start, secret):
    server = await start()
    async with Service(server.port, secret, compression=grpc.Compression.Gzip) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await service.send(an_event(data={"x": "y" * 16 * 1024**2}))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_refusal_with_a_huge_name_in_it_still_arrives(service):
    told = await refusal_of(service.send(an_event(data={"n" * 60_000: "\x01"})), grpc.StatusCode.INVALID_ARGUMENT)
    assert told.field.startswith("data.nnn")


async def test_a_method_that_isnt_there_is_unimplemented(service):
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await service.raw("Nothing")(b"", **service.said())
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_every_refusal_has_a_status_code():
    from foundation.errors import Refused

    assert {kind.status for kind in _below(Refused)} <= set(CODES)
