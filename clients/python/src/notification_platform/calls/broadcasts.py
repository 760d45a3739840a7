"""Broadcasts: one event for everybody in a segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notification_platform.calls.event import When, as_json, checked_key, time_text
from notification_platform.calls.paths import path_of
from notification_platform.platform import Broadcast, BroadcastStarted
from notification_platform.steps import Call, Flow, Given, Pause, Stream, one

ENDED = frozenset({"finished", "halted", "cancelled"})
LOOK_S = 0.5


def start(
    type: str,
    *,
    segment: str,
    data: Mapping[str, Any] | None = None,
    priority: str | None = None,
    channels: Sequence[str] | None = None,
    schedule_at: When = None,
    expires_at: When = None,
    collapse_key: str | None = None,
    rate: int | None = None,
    strategy: str | None = None,
    name: str | None = None,
    local_time: str | None = None,
    repeats: str | None = None,
    canary: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Flow[BroadcastStarted]:
    """Starts a broadcast; `rate` in recipients a second. Needs the scope `broadcast`.

    Large ones wait for a second person. `local_time`: "HH:MM" where each user is; `repeats`: daily, weekly, monthly;
    `canary`: percent, hold_s and the rates that halt it, as /api/docs has them.
    """
    throttle = {"rate": rate, "strategy": strategy}
    throttle = {name: value for name, value in throttle.items() if value is not None}
    optional = {
        "priority": priority,
        "channels": None if channels is None else list(channels),
        "schedule_at": time_text(schedule_at, "schedule_at"),
        "expires_at": time_text(expires_at, "expires_at"),
        "collapse_key": collapse_key,
        "throttle": throttle or None,
        "name": name,
        "local_time": local_time,
        "repeats": repeats,
        "canary": None if canary is None else dict(canary),
    }
    body = {
        "type": type,
        "target": {"type": "segment", "segment": segment},
        "data": dict(data or {}),
        **{name: value for name, value in optional.items() if value is not None},
    }
    return one(
        Call(
            name="broadcast",
            method="POST",
            path="notifications/broadcast",
            body=as_json(body),
            answer=BroadcastStarted,
            key=checked_key(idempotency_key),
        )
    )


def get(broadcast_id: str) -> Flow[Broadcast]:
    """How far it is."""
    return one(Call(name="broadcast_status", method="GET", path=path_of("broadcasts", broadcast_id), answer=Broadcast))


def pause(broadcast_id: str) -> Flow[Broadcast]:
    """Holds it where it is."""
    return _steer(broadcast_id, "pause")


def resume(broadcast_id: str) -> Flow[Broadcast]:
    """Goes on where it was held."""
    return _steer(broadcast_id, "resume")


def cancel(broadcast_id: str) -> Flow[Broadcast]:
    """Ends it; whoever wasn't reached yet gets nothing."""
    return _steer(broadcast_id, "cancel")


def recall(broadcast_id: str) -> Flow[Broadcast]:
    """Ends it and takes it out of the inboxes."""
    return _steer(broadcast_id, "recall")


def set_rate(broadcast_id: str, rate: int) -> Flow[Broadcast]:
    """Recipients a second from now on."""
    return _steer(broadcast_id, "rate", {"rate": rate})


def progress(broadcast_id: str) -> Stream[Broadcast]:
    """Where it is, about twice a second, until it has ended or its canary halted it."""
    while True:
        found: Broadcast = yield from get(broadcast_id)
        yield Given(found)
        if found.state in ENDED:
            return
        yield Pause(LOOK_S)


def _steer(broadcast_id: str, what: str, body: dict[str, Any] | None = None) -> Flow[Broadcast]:
    path = path_of("broadcasts", broadcast_id, what)
    return one(Call(name=f"broadcast_{what}", method="POST", path=path, body=as_json(body or {}), answer=Broadcast))
