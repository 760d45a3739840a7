"""Every accepted and every refused body of REST's tests through both: the same events, the same refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import msgspec
import pytest
from django.db import connections

from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.grpc.values import CHANNEL_WORDS
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller
from tests.notifications.api.test_sending import BAD
from tests.notifications.grpc.bodies import CantBeSaid, as_message
from tests.notifications.grpc.calling import Service, Told, status_of

pytestmark = pytest.mark.django_db(transaction=True)

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
ACCEPTED: dict[str, dict[str, Any]] = {
    "the brief's": EVENT | {"priority": "high", "channels": ["in_app", "push", "email"], "schedule_at": None},
    "plain": EVENT,
    "no data": {name: EVENT[name] for name in ("type", "target")},
    "every kind of value": EVENT
    | {
        "data": {
            "s": "ä€😀",
            "n": 3,
            "neg": -7,
            "f": 2.5,
            "b": True,
            "z": None,
            "e": "",
            "l": [1, "a", [None]],
            "o": {"p": {}},
        }
    },
    "line breaks and tabs in text": EVENT | {"data": {"note": "a\n\tb"}},
    "the largest exact number": EVENT | {"data": {"n": 2**53}},
    "a large fraction": EVENT | {"data": {"n": 1e300}},
    "as deep as it may be": EVENT | {"data": {"note": json.loads('{"a":' * 31 + "1" + "}" * 31)}},
    "lowered": EVENT | {"priority": "low"},
    "narrowed": EVENT | {"channels": ["push"]},
    "named twice": EVENT | {"channels": ["push", "push"]},
    "scheduled": EVENT | {"schedule_at": TOMORROW},
    "with an end": EVENT | {"expires_at": TOMORROW},
    "collapsing": EVENT | {"collapse_key": "order"},
    "with a key": EVENT | {"idempotency_key": "key of its own"},
    "the longest user": EVENT | {"target": {"type": "user", "user_id": "u" * 128}},
}
# What a message can't say, and so can't get wrong.
UNSAYABLE = {
    *(
        "blank body",
        "malformed JSON",
        "not an object",
        "two documents",
        "not UTF-8",
        "deep nesting",
        "bottomless nesting",
    ),
    *("unknown field", "unknown field inside", "wrong type", "wrong type inside", "no channels"),
    *("schedule_at without zone", "lone surrogate", "lone low surrogate", "raw surrogate", "huge number"),
}
# "Body" or "message"; a word or a number that isn't known; an infinity, which JSON can't spell; a time that has passed.
OTHER_WORDS = {"65 KiB", "bad priority", "bad channel", "number beyond floats", "schedule_at in the past"}
MORE_REFUSED = {
    "a priority above the type's": EVENT | {"priority": "critical"},
    "no type": {"target": EVENT["target"]},
    "an empty key": EVENT | {"idempotency_key": ""},
    "a long key": EVENT | {"idempotency_key": "k" * 256},
    "a long collapse key": EVENT | {"collapse_key": "k" * 65},
    "a long user": EVENT | {"target": {"type": "user", "user_id": "u" * 129}},
    "a schedule beyond a year": EVENT | {"schedule_at": "2100-01-01T00:00:00Z"},
    "an end in the past": EVENT | {"expires_at": "2020-01-01T00:00:00Z"},
    "a control character in a name": EVENT | {"data": {"a\x01b": 1}},
}


@pytest.fixture
def rest() -> Caller:
    make_type()
    return Caller("notifications:send")


@pytest.fixture
async def both(start, rest) -> Any:
    server = await start()
    secret = rest.headers["Authorization"].removeprefix("Bearer ")
    async with Service(server.port, secret) as service:
        yield service


def refused_bodies() -> Iterator[tuple[str, bytes]]:
    for name, (raw, _, _) in BAD.items():
        yield name, raw
    for name, body in MORE_REFUSED.items():
        yield name, json.dumps(body).encode()


def sayable() -> dict[str, tuple[bytes, pb.SendRequest]]:
    found = {}
    for name, raw in refused_bodies():
        try:
            found[name] = (raw, as_message(raw))
        except CantBeSaid:
            assert name in UNSAYABLE, name
    return found


async def over_rest(rest: Caller, path: str, body: Any) -> Any:
    def post() -> Any:
        try:
            return rest.post(path, body).json()
        finally:
            connections.close_all()

    return await asyncio.to_thread(post)


def compared(name: str, problem: dict[str, Any]) -> dict[str, str]:
    """What both must say alike, as text."""
    parts = ("status", "code") if name in OTHER_WORDS else problem
    return {part: str(problem[part]) for part in parts}


async def test_what_rest_refuses_is_refused_in_the_same_words(rest, both):
    wanted, found = {}, {}
    for name, (raw, message) in sayable().items():
        wanted[name] = compared(name, await over_rest(rest, "notifications", raw))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await both.send(message)
        found[name] = compared(name, Told(status_of(refusal.value)).problem)
    assert found == wanted
    assert len(found) > 20
    assert written() == []


async def test_a_streams_bad_item_is_refused_in_the_words_of_a_batch(rest, both):
    wanted, found = {}, {}
    good = json.dumps(EVENT).encode()
    for name, (raw, message) in sayable().items():
        answer = await over_rest(rest, "notifications/batch", b'{"notifications":[' + good + b"," + raw + b"]}")
        wanted[name] = compared(name, answer["results"][1]["error"])
        request = pb.SendBatchRequest(notifications=[as_message(good), message])
        [response] = await both.batch(request)
        assert (response.accepted, response.refused) == (1, 1)
        found[name] = compared(name, Told(response.results[1].error).problem)
    assert found == wanted
    assert len(written()) == 2 * len(found)  # the good ones


async def test_what_rest_takes_is_taken_as_the_same_event(rest, both):
    for name, body in ACCEPTED.items():
        raw = json.dumps(body).encode()
        other = body | ({"idempotency_key": "another"} if "idempotency_key" in body else {})
        told = await over_rest(rest, "notifications", raw)
        answer = await both.send(as_message(json.dumps(other).encode()))
        assert [CHANNEL_WORDS[number] for number in answer.estimated_channels] == told["estimated_channels"], name
        events = {event.recipients[0].id: event for _, event, _ in written()}
        assert plain(events[answer.notification_id]) == plain(events[told["notification_id"]]), name


def plain(event: Any) -> dict[str, Any]:
    """An event without what is its own alone."""
    own = msgspec.to_builtins(event)
    for name in ("now", "accepted_at", "idempotency"):
        own.pop(name, None)
    own["recipients"][0].pop("id")
    return own
