"""What was tracked, told to live pages: only while one listens, and never at the cost of the work itself.

A page that listens renews `listen()` every few seconds and subscribes to `channel()`; the tracker looks for the mark
once a batch. A message is a JSON list of events, the newest last, cut to the last `MOST` of a batch. It is a view, not
a record: what is missed is in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from foundation.redis import Unreachable, get_redis, key
from notifications.records import Attempting, Decided, Decision, Outcome, Receipt, Report

LISTENING_S = 15
MOST = 200

_encode = msgspec.json.Encoder().encode


def channel() -> str:
    """The Redis pub/sub channel on which events are published."""
    return key("feed")


def listen() -> None:
    """Says that a page is listening, for the next LISTENING_S seconds. Raises redis.ConnectionError."""
    get_redis().set(key("feed", "listening"), b"1", ex=LISTENING_S)


def publish(reports: Sequence[Report], *, tracked_at: int) -> None:
    """Publishes `reports` if a page listens. A Redis that is away costs only the live view."""
    if not reports:
        return
    try:
        client = get_redis()
        if client.exists(key("feed", "listening")):
            events = [event for report in reports[-MOST:] for event in _events(report, tracked_at)]
            client.publish(channel(), _encode(events[-MOST:]))
    except Unreachable:
        return


def _events(report: Report, tracked_at: int) -> Iterator[dict[str, Any]]:
    if isinstance(report, Decision):
        yield _decided(report, tracked_at)
    elif isinstance(report, Attempting):
        for notification, user, to, send, attempt in report.rows:
            yield {
                "kind": "attempting",
                "id": notification,
                "user": user,
                "channel": to,
                "send": send,
                "attempt": attempt,
                "at": report.at,
            }
    elif not isinstance(report, Decided):
        yield _told(report, tracked_at)


def _decided(report: Decision, tracked_at: int) -> dict[str, Any]:
    return {
        "kind": "decision",
        "id": report.id,
        "user": report.user,
        "type": report.event.type,
        "priority": report.event.priority,
        "resumed": report.event.resumed or "",
        "accepted_at": report.event.accepted_at,
        "stamps": {**report.stamps, "fanned_out": report.at, "tracked": tracked_at},
        "channels": [msgspec.to_builtins(verdict) for verdict in report.channels],
    }


def _told(report: Outcome | Receipt, tracked_at: int) -> dict[str, Any]:
    event = msgspec.to_builtins(report)
    event["kind"] = event.pop("type")
    event.setdefault("stamps", {})["tracked"] = tracked_at
    return event
