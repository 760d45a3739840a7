"""Sending, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Unpack

import msgspec

from notification_platform.answers import (
    Accepted,
    Cancelled,
    Explanation,
    NotificationStatus,
    PastExplanation,
    TimelineEntry,
)
from notification_platform.calls.batches import Packed, Result, call_of, packed
from notification_platform.calls.event import Event, EventFields, as_json, checked_key
from notification_platform.calls.paths import path_of
from notification_platform.errors import NotInTime
from notification_platform.steps import Call, Flow, Given, Pause, Stream, one

FIRST_LOOK_S, LONGEST_LOOK_S, GROWTH = 0.1, 2.0, 1.5


def send(type: str, **fields: Unpack[EventFields]) -> Flow[Accepted]:
    """Sends one notification; when it returns, it is durable. The fields are `Event`'s."""
    event = Event(type=type, **fields)
    key = checked_key(event.idempotency_key)
    body = msgspec.structs.replace(event, idempotency_key=None).encoded()
    return one(Call(name="send", method="POST", path="notifications", body=body, answer=Accepted, key=key))


def send_many(events: Iterable[Event]) -> Flow[list[Result]]:
    """Sends events in calls of up to 1,000: a result for each, in order, `Accepted` or the `Refused` it was told.

    One that was refused holds up no other. Raises where a whole call failed: what came before it is sent.
    """
    results: list[Result] = []
    for portion in packed(events):
        results += yield from send_packed(portion)
    return results


def send_packed(portion: Packed) -> Flow[list[Result]]:
    """One call of a batch."""
    answer = yield call_of(portion)
    return portion.results(answer)


def status(notification_id: str) -> Flow[NotificationStatus]:
    """What became of it: status per channel, and the timeline of every attempt."""
    path = path_of("notifications", notification_id)
    return one(Call(name="status", method="GET", path=path, answer=NotificationStatus))


def wait(notification_id: str, *, within_s: float = 60.0) -> Flow[NotificationStatus]:
    """Asks until every channel has its outcome. Raises NotInTime, which has the `last` status."""
    until, pause = time.monotonic() + within_s, FIRST_LOOK_S
    while True:
        found: NotificationStatus = yield from status(notification_id)
        if found.is_final:
            return found
        if time.monotonic() + pause > until:
            raise NotInTime(f"No outcome of {notification_id} within {within_s:g} s; it is {found.status}.", found)
        yield Pause(pause)
        pause = min(pause * GROWTH, LONGEST_LOOK_S)


def watch(notification_id: str, *, within_s: float = 3600.0) -> Stream[TimelineEntry]:
    """The timeline as it happens, until every channel has its outcome. Raises NotInTime."""
    until, pause, shown = time.monotonic() + within_s, FIRST_LOOK_S, 0
    seen: set[bytes] = set()
    while True:
        found: NotificationStatus = yield from status(notification_id)
        for entry in found.timeline:
            if (mark := as_json(entry)) not in seen:
                seen.add(mark)
                yield Given(entry)
        if found.is_final:
            return
        if time.monotonic() + pause > until:
            raise NotInTime(f"No outcome of {notification_id} within {within_s:g} s; it is {found.status}.", found)
        pause = FIRST_LOOK_S if len(seen) > shown else min(pause * GROWTH, LONGEST_LOOK_S)
        shown = len(seen)
        yield Pause(pause)


def cancel(notification_id: str) -> Flow[Cancelled]:
    """Cancels what still waits (scheduled, deferred, for a retry). Raises Conflict when nothing was left."""
    path = path_of("notifications", notification_id)
    return one(Call(name="cancel", method="DELETE", path=path, answer=Cancelled))


def explain(type: str, **fields: Unpack[EventFields]) -> Flow[Explanation]:
    """A dry run: which channels, why each is on or off, and what would be shown. Nothing is sent."""
    body = Event(type=type, **fields).encoded()
    return one(Call(name="explain", method="POST", path="notifications/explain", body=body, answer=Explanation))


def explain_past(notification_id: str) -> Flow[PastExplanation]:
    """The decisions that were taken, with what they saw, beside today's."""
    body = as_json({"notification_id": notification_id})
    path = "notifications/explain"
    return one(Call(name="explain_past", method="POST", path=path, body=body, answer=PastExplanation))
