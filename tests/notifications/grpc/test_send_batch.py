"""SendBatch: a response for each request, in order; half streams, slow readers, slow tokens; keys."""

from __future__ import annotations

import asyncio
from threading import Event

import grpc
import pytest

from foundation.errors import LogUnavailable
from notifications.credentials import create_token
from notifications.grpc import streaming
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from tests.notifications.accepting import make_type, written
from tests.notifications.grpc.calling import Service, Told, an_event, refusal_of, status_of

pytestmark = pytest.mark.django_db(transaction=True)


def a_request(*users: str, **fields) -> pb.SendBatchRequest:
    return pb.SendBatchRequest(notifications=[an_event(user, **fields) for user in users])


def users_on_the_log() -> list[str]:
    return sorted(event.recipients[0].user for _, event, _ in written())


async def test_a_stream_is_answered_request_by_request_in_order(service):
    requests = [a_request(*(f"u{n}-{m}" for m in range(n + 1))) for n in range(20)]
    answers = await service.batch(*requests)
    assert [answer.accepted for answer in answers] == [n + 1 for n in range(20)]
    by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
    told = [[by_id[result.accepted.notification_id] for result in answer.results] for answer in answers]
    assert told == [[f"u{n}-{m}" for m in range(n + 1)] for n in range(20)]


async def test_many_small_requests_are_accepted_together(service, monkeypatch):
    batches = []
    accept = streaming.accept_items
    monkeypatch.setattr(
        streaming,
        "accept_items",
        lambda items, *rest, **named: batches.append(len(items)) or accept(items, *rest, **named),
    )
    answers = await service.batch(*(a_request(f"u{n}") for n in range(300)))
    assert sum(answer.accepted for answer in answers) == sum(batches) == 300
    assert len(batches) < 100


async def test_the_users_order_is_the_streams(service):
    await service.batch(*(a_request("one", data={"n": n}) for n in range(50)))
    assert [event.data["n"] for _, event, _ in written()] == list(range(50))


async def test_a_stream_that_breaks_off_what_was_answered_is_accepted_the_rest_isnt(service, monkeypatch):
    call = service.stub.SendBatch(**service.said())
    await call.write(a_request("a", "b"))
    answer = await call.read()
    assert answer.accepted == 2
    monkeypatch.setattr(streaming, "read", Event().wait)  # from here on nothing is read
    call.cancel()
    assert users_on_the_log() == ["a", "b"]


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_request_of_none_or_too_many_ends_the_stream_after_what_came_before(service, count):
    call = service.stub.SendBatch(iter([a_request("good"), a_request(*["u"] * count)]), **service.said())
    assert (await call.read()).accepted == 1
    told = await refusal_of(call.read(), grpc.StatusCode.INVALID_ARGUMENT)
    assert (told.field, told.info.reason) == ("notifications", "BATCH_SIZE")
    assert users_on_the_log() == ["good"]


async def test_rubbish_ends_the_stream_after_what_came_before(service):
    call = service.channel.stream_stream("/notifications.v1.NotificationService/SendBatch")(
        iter([a_request("good").SerializeToString(), b"\xff rubbish"]), **service.said()
    )
    assert pb.SendBatchResponse.FromString(await call.read()).accepted == 1
    told = await refusal_of(call.read(), grpc.StatusCode.INVALID_ARGUMENT)
    assert told.field == "$"
    assert users_on_the_log() == ["good"]


async def test_the_log_away_refuses_the_items_and_the_stream_goes_on(service, monkeypatch):
    away = [True]
    accept = streaming.accept_items

    def flaky(*args, **named):
        if away[0]:
            raise LogUnavailable("away")
        return accept(*args, **named)

    monkeypatch.setattr(streaming, "accept_items", flaky)
    call = service.stub.SendBatch(**service.said())
    await call.write(a_request("lost", "too"))
    answer = await call.read()
    assert [Told(result.error).retries for result in answer.results] == [True, True]
    away[0] = False
    await call.write(a_request("kept"))
    assert (await call.read()).accepted == 1
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert users_on_the_log() == ["kept"]


async def test_a_client_that_writes_faster_than_the_log_takes_is_held(service, monkeypatch):
    """The server reads at most its bound ahead; then HTTP/2's window is full and `write` waits."""
    go_on = Event()
    accept = streaming.accept_items

    def slowly(*args, **named):
        go_on.wait(20)
        return accept(*args, **named)

    monkeypatch.setattr(streaming, "accept_items", slowly)
    call = service.stub.SendBatch(**service.said())
    sent = 0
    large = a_request("u", data={"x": "y" * 60_000})
    held = False
    while not held and sent < 1_000:
        writing = asyncio.ensure_future(call.write(large))
        held = not (await asyncio.wait({writing}, timeout=1.0))[0]
        sent += 1
    assert held
    assert sent * 60_000 < 24 * 1024**2
    go_on.set()
    await writing
    await call.done_writing()
    assert len([each async for each in call]) == sent == len(written())


# --- keys and limits


async def test_a_stream_again_under_the_same_key_gets_the_same_answers(service):
    requests = [a_request("a", "b"), a_request("c")]
    first = await service.batch(*requests, idempotency_key="s1")
    assert await service.batch(*requests, idempotency_key="s1") == first
    assert users_on_the_log() == ["a", "b", "c"]


async def test_an_items_own_key_holds_on_another_stream(service):
    event = a_request("a", idempotency_key="own")
    [first], [second] = await service.batch(event), await service.batch(event)
    assert first.results[0].accepted.notification_id == second.results[0].accepted.notification_id
    assert len(written()) == 1


async def test_another_body_under_the_streams_key_ends_it(service):
    await service.batch(a_request("a"), idempotency_key="s2")
    call = service.stub.SendBatch(iter([a_request("b")]), **service.said(idempotency_key="s2"))
    told = await refusal_of(call.read(), grpc.StatusCode.FAILED_PRECONDITION)
    assert told.info.reason == "IDEMPOTENCY_MISMATCH"


@pytest.fixture
def slow_secret() -> str:
    make_type()
    return create_token(name="slow", scopes=["notifications:send"], rate=20)[0]


async def test_a_token_over_its_rate_is_slowed_down_not_refused(start, slow_secret):
    server = await start()
    async with Service(server.port, slow_secret) as service:
        call = service.stub.SendBatch(**service.said())
        for n in range(3):
            await call.write(a_request(*[f"u{n}"] * 20))
            assert (await call.read()).accepted == 20
        call.cancel()
    assert len(written()) == 60


async def test_a_token_far_over_its_rate_is_told_when_to_come_back(start, slow_secret):
    server = await start()
    async with Service(server.port, slow_secret) as service:
        first, second = await service.batch(a_request(*["u"] * 500)), await service.batch(a_request("late"))
    assert first[0].accepted == 500
    told = Told(second[0].results[0].error)
    assert told.info.reason == "RATE_LIMITED"
    assert told.retry.retry_delay.seconds >= 5


# --- the server stops


async def test_a_stopping_server_ends_a_stream_after_its_answers(start, secret):
    server = await start()
    async with Service(server.port, secret) as service:
        call = service.stub.SendBatch(**service.said())
        await call.write(a_request("a"))
        assert (await call.read()).accepted == 1
        stopping = asyncio.ensure_future(server.stop())
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call.read()
        assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
        assert Told(status_of(refusal.value)).info.reason == "STOPPING"
        await stopping
    assert users_on_the_log() == ["a"]
