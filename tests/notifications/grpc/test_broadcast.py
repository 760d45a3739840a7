"""Broadcast through both: the same broadcasts, the same refusals, the same keys as POST /notifications/broadcast."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from django.db import connections
from django.forms.models import model_to_dict

from notifications.broadcasts import drains
from notifications.broadcasts.models import Broadcast
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from tests.notifications.api.calling import Caller
from tests.notifications.broadcasts.segments import make_news, make_users
from tests.notifications.broadcasts.test_api import BAD, BODY, PATH
from tests.notifications.grpc.bodies import CantBeSaid, as_broadcast
from tests.notifications.grpc.calling import Service, Told, refusal_of, status_of

pytestmark = pytest.mark.django_db(transaction=True)

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="milliseconds")
ACCEPTED: dict[str, dict[str, Any]] = {
    "the brief's": BODY,
    "as little as there can be": {name: BODY[name] for name in ("type", "target")},
    "as the channels take it": BODY | {"throttle": {}},
    "with a name, narrowed, lowered": BODY | {"name": "Dark mode", "channels": ["in_app"], "priority": "low"},
    "scheduled, with an end": BODY | {"schedule_at": TOMORROW, "expires_at": LATER, "collapse_key": "news"},
    "again and again, where users are": BODY | {"repeats": "weekly", "local_time": "09:30"},
    "a few first": BODY | {"canary": {"percent": 2.5, "hold_s": 60, "bounced": 0.5}},
    "a few first, as usual": BODY | {"canary": {}},
}
REFUSED: dict[str, dict[str, Any]] = {
    **{name: BODY | change for name, (change, _) in BAD.items()},
    "nothing at all": {},
    "no target": {"type": BODY["type"]},
    "a nameless segment": BODY | {"target": {"type": "segment", "segment": ""}},
    "an unknown priority": BODY | {"priority": "urgent"},
    "an unknown channel": BODY | {"channels": ["pigeon"]},
    "an unknown rhythm": BODY | {"repeats": "hourly"},
    "a rate beyond all": BODY | {"throttle": {"rate": 1_000_001}},
    "a control character": BODY | {"data": {"title": "a\x01"}},
    "a name without an end": BODY | {"name": "n" * 121},
    "scheduled beyond a year": BODY | {"schedule_at": "2100-01-01T00:00:00Z"},
    "raised": BODY | {"priority": "high"},
}
UNSAYABLE = {"unknown field", "a rate below nothing"}
OTHER_WORDS = {
    "unknown strategy",
    "an unknown priority",
    "an unknown channel",
    "an unknown rhythm",
}  # a number is quoted


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Caller:
    make_news()
    make_users(30)
    monkeypatch.setattr(drains, "_told", [])
    return Caller("broadcast", kind="admin")


@pytest.fixture
async def both(start, rest) -> Any:
    server = await start()
    async with Service(server.port, rest.headers["Authorization"].removeprefix("Bearer ")) as service:
        yield service


async def apart(work: Any, *arguments: Any, **named: Any) -> Any:
    """`work`, which waits for the database, in a thread of its own."""

    def whole() -> Any:
        try:
            return work(*arguments, **named)
        finally:
            connections.close_all()

    return await asyncio.to_thread(whole)


async def over_grpc(service: Service, message: pb.BroadcastRequest, **metadata: str) -> pb.BroadcastResponse:
    return await service.stub.Broadcast(message, **service.said(**metadata))


def rows() -> dict[str, dict[str, Any]]:
    own = {"created_at", "changed_at"}
    return {row.pk: model_to_dict(row, exclude={"id", *own}) for row in Broadcast.objects.all()}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_rest_takes_is_taken_as_the_same_broadcast(rest, both, name):
    told = (await apart(rest.post, PATH, ACCEPTED[name])).json()
    answer = await over_grpc(both, as_broadcast(ACCEPTED[name]))
    assert answer.estimated_recipients == told["estimated_recipients"] == 30
    assert answer.estimated_duration_minutes == told["estimated_duration_minutes"]
    found = await apart(rows)
    assert found[answer.broadcast_id] == found[told["broadcast_id"]]


async def test_what_rest_refuses_is_refused_in_the_same_words(rest, both):
    wanted, found = {}, {}
    for name, body in REFUSED.items():
        try:
            message = as_broadcast(body)
        except CantBeSaid:
            assert name in UNSAYABLE, name
            continue
        wanted[name] = compared(name, (await apart(rest.post, PATH, body)).json())
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await over_grpc(both, message)
        found[name] = compared(name, Told(status_of(refusal.value)).problem)
    assert found == wanted
    assert found.keys() == REFUSED.keys() - UNSAYABLE
    assert await apart(rows) == {}


def compared(name: str, problem: dict[str, Any]) -> dict[str, str]:
    parts = ("status", "code", "field") if name in OTHER_WORDS else problem
    return {part: str(problem[part]) for part in parts}


# --- keys, scopes


@pytest.mark.parametrize("place", ["metadata", "field"])
async def test_the_same_key_starts_it_once_over_whichever_way(rest, both, place):
    message = as_broadcast(BODY | ({"idempotency_key": "k1"} if place == "field" else {}))
    metadata = {"idempotency_key": "k1"} if place == "metadata" else {}
    first, second = [await over_grpc(both, message, **metadata) for _ in range(2)]
    third = (await apart(rest.post, PATH, BODY, Idempotency_Key="k1")).json()
    assert first == second
    assert third["broadcast_id"] == first.broadcast_id
    assert len(await apart(rows)) == 1


async def test_the_same_key_with_another_body_is_a_failed_precondition(both):
    await over_grpc(both, as_broadcast(BODY), idempotency_key="k1")
    call = over_grpc(both, as_broadcast(BODY | {"name": "other"}), idempotency_key="k1")
    assert (await refusal_of(call, grpc.StatusCode.FAILED_PRECONDITION)).info.reason == "IDEMPOTENCY_MISMATCH"


async def test_a_key_that_cant_be_one_is_named_where_it_is(both):
    call = over_grpc(both, as_broadcast(BODY | {"idempotency_key": "k" * 256}))
    assert (await refusal_of(call, grpc.StatusCode.INVALID_ARGUMENT)).field == "idempotency_key"


@pytest.fixture
def sender() -> str:
    return Caller("notifications:send").headers["Authorization"].removeprefix("Bearer ")


async def test_it_needs_the_admin_scope(both, sender):
    both.secret = sender
    told = await refusal_of(over_grpc(both, as_broadcast(BODY)), grpc.StatusCode.PERMISSION_DENIED)
    assert told.info.reason == "SCOPE_MISSING"
    both.secret = ""
    await refusal_of(over_grpc(both, as_broadcast(BODY)), grpc.StatusCode.UNAUTHENTICATED)


async def test_an_oversized_one_is_exhausted_not_read(both):
    call = over_grpc(both, as_broadcast(BODY | {"data": {"x": "y" * 65 * 1024}}))
    await refusal_of(call, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert await apart(rows) == {}
