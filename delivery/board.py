"""The dashboard's figures: what happened minute by minute, and how everything stands.

Nothing is scanned: minutes come from counters (foundation/minutes.py), and one that is over is read once a process. How
everything stands is gathered once in STANDS_S (or more) for all who look, whatever their number.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

import msgspec

from delivery import controls, figures, ways
from delivery.breaker import CLOSED
from foundation import minutes
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable
from foundation.minutes import Field
from foundation.redis import Unreachable
from notifications.status import BOUNCED, COMPLAINED, DEFERRED, DROPPED, FAILED, IN_DOUBT, SENT, UNDELIVERED
from notifications.words import sentence

STANDS_S = 5.0
ASKS_AT_MOST = 0.03
STALE_S = 60.0
STILL_COUNTED = 2  # minutes that processes may still write to
SPANS = (15, 60, 180, minutes.KEPT_MINUTES)
EVERYTHING = "all"
# What is drawn of what the tracker was told: the status, and what its bars are by.
KINDS: dict[str, tuple[frozenset[str], str]] = {
    "delivered": (frozenset({SENT}), "channel"),
    "dropped": (frozenset({DROPPED}), "reason"),
    "deferred": (frozenset({DEFERRED}), "reason"),
    "failed": (frozenset({FAILED, IN_DOUBT, UNDELIVERED, BOUNCED, COMPLAINED}), "account"),
}


class Minute(msgspec.Struct, frozen=True):
    """One minute's figures; `ways` are p50 and p95 in ms by channel, and of them all."""

    accepted: int = 0
    told: dict[str, dict[str, int]] = {}
    ways: dict[str, tuple[float, float]] = {}


class Course(msgspec.Struct, frozen=True):
    """What happened in the `minutes` (numbers since the epoch): accepted; by kind and what its bars are by; the way."""

    at: int
    minutes: list[int]
    accepted: list[int]
    told: dict[str, dict[str, list[int]]]
    p50: dict[str, list[float | None]]
    p95: dict[str, list[float | None]]


_over: dict[int, Minute] = {}
_lock = threading.Lock()
_stands: tuple[float, dict[str, Any]] = (0.0, {})


def course(span: int) -> Course:
    """The last `span` minutes, the present one included. Raises redis.ConnectionError."""
    at = now_ms()
    last = minutes.minute_of(at)
    wanted = range(last - span + 1, last + 1)
    unread = [minute for minute in wanted if minute not in _over]
    found = {minute: summary(counts) for minute, counts in minutes.read(unread).items()}
    _over.update({minute: each for minute, each in found.items() if minute <= last - STILL_COUNTED})
    for minute in [minute for minute in list(_over) if minute <= last - minutes.KEPT_MINUTES]:
        _over.pop(minute, None)
    return together(at, {minute: found.get(minute) or _over[minute] for minute in wanted})


def summary(counts: Mapping[Field, int]) -> Minute:
    """A minute's counters as figures. Pure."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for field, number in counts.items():
        if field[0] == "told" and (place := place_of(field)):
            told[place[0]][place[1]] += number
        elif field[0] == "way":
            found[field[1]][int(field[2])] += number
            found[EVERYTHING][int(field[2])] += number
    return Minute(
        accepted=sum(number for field, number in counts.items() if field[0] == "accepted"),
        told={kind: dict(each) for kind, each in told.items()},
        ways={channel: (_ms(each, 0.5), _ms(each, 0.95)) for channel, each in found.items()},
    )


def place_of(field: Field) -> tuple[str, str] | None:
    """Which of KINDS a counter of the tracker's belongs to, and which bar of it; None if to none. Pure."""
    _, channel, status, reason, account = field
    bars = {"channel": channel, "reason": reason or "no reason", "account": f"{channel} · {account or 'none'}"}
    return next(((kind, bars[by]) for kind, (statuses, by) in KINDS.items() if status in statuses), None)


def together(at: int, found: Mapping[int, Minute]) -> Course:
    """Minutes as rows of figures, one a bar; a bar that a minute doesn't have is 0. Pure."""
    rows = list(found.values())
    channels = sorted({channel for row in rows for channel in row.ways})
    return Course(
        at=at,
        minutes=list(found),
        accepted=[row.accepted for row in rows],
        told={
            kind: {bar: [row.told.get(kind, {}).get(bar, 0) for row in rows] for bar in _bars(kind, rows)}
            for kind in KINDS
        },
        p50={each: [row.ways[each][0] if each in row.ways else None for row in rows] for each in channels},
        p95={each: [row.ways[each][1] if each in row.ways else None for row in rows] for each in channels},
    )


def stands() -> dict[str, Any]:
    """How everything stands: lag, breakers, what waits, is parked, is away.

    At most STANDS_S old, or older where finding out takes long (millions of rows to count, a busy machine): asking
    never takes more than a part (ASKS_AT_MOST) of anybody's time.
    """
    global _stands
    with _lock:  # one asks, the others who look get its answer
        began = monotonic()
        if began >= _stands[0]:
            found = _standing(figures.gather())
            took = monotonic() - began
            _stands = (monotonic() + min(STALE_S, max(STANDS_S, took / ASKS_AT_MOST)), found)
        return _stands[1]


def _standing(found: figures.Figures) -> dict[str, Any]:
    return {
        "at": found.at,
        "away": found.away,
        "servers": found.servers,
        "stopped": found.stopped,
        "held": _held(),
        "lags": [each for each in found.lags if each.behind or each.appended],
        "breakers": found.breakers,
        "open": [each.account for each in found.breakers if each.state != CLOSED],
        "waiting": found.waiting,
        "parked": {reason: {"count": count, "says": sentence(reason)} for reason, count in found.parked.items()},
        "quarantined": found.quarantined,
        "queues": [each for each in found.queues if each.length],
        "spools": found.spools,
        "sockets": sum(each.sockets for each in found.processes),
        "processes": len(found.processes),
        "workers": found.workers,
    }


def _held() -> list[dict[str, str]]:
    try:
        rows = controls.rows()
    except ControlPlaneUnavailable:
        return []  # the database is named among what is away
    return [{"name": str(r), "mode": r.mode, "why": r.why, "by": r.by} for r in rows.values() if r.mode]


def look(span: int) -> dict[str, Any]:
    """What the dashboard polls: the course, and how everything stands. With Redis away the course is None."""
    try:
        found: Course | None = course(span)
    except Unreachable:
        found = None
    return {"course": found, "stands": stands()}


def _bars(kind: str, rows: Iterable[Minute]) -> list[str]:
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update(row.told.get(kind, {}))
    return [bar for bar, _ in sorted(totals.items(), key=lambda each: (-each[1], each[0]))]


def _ms(counts: Mapping[int, int], share: float) -> float:
    return ways.quantile(counts, share) or 0.0
