"""What operators hold back while everything runs: a channel that is paused or drained, a type (docs/operators.md).

A paused channel: nothing is sent on it. What is routed to it waits on its topics; the critical lane, which has none,
puts it into the due-time table (in-app of the critical lane goes on: nothing outside can fail there).
A draining channel, a held type: routing puts nothing more onto it, what is on its way goes out. What comes meanwhile
waits in the due-time table, is looked at again every LOOK_AGAIN_MS, and at once when somebody resumes.

The rows are in SQL. Processes read them from the hash that has the accounts' settings too (account_settings.py), at
most once in FRESH_S, and go by what they read last while Redis is away.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec
from django.db import transaction

from delivery import account_settings
from delivery.models import Control
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import InvalidRequest
from foundation.redis import Unreachable, get_redis, key
from notifications.due import table
from notifications.due.entry import HELD
from notifications.topology import CHANNELS, LANES, channel_topic
from preferences.decide import DEFER, SEND
from preferences.facts import Verdict
from templates_app.catalog import get_catalog

Kind, Mode = Control.Kind, Control.Mode
FRESH_S = 1.0
LOOK_AGAIN_MS = 15 * 60_000
MODES = {Kind.CHANNEL: (Mode.PAUSED, Mode.DRAINING), Kind.TYPE: (Mode.DRAINING,)}


class Held(msgspec.Struct, frozen=True):
    """What is held back now, each with why."""

    paused: Mapping[str, str] = {}
    draining: Mapping[str, str] = {}
    types: Mapping[str, str] = {}


_lock = threading.Lock()
_held: tuple[float, Held] = (-FRESH_S, Held())


def held() -> Held:
    """What is held back, at most FRESH_S old."""
    global _held
    with _lock:
        if monotonic() - _held[0] >= FRESH_S:
            try:
                given: Any = get_redis().hgetall(key(*account_settings.SETTINGS))
                _held = (monotonic(), of_hash(given))
            except Unreachable:
                _held = (monotonic(), _held[1])
        return _held[1]


def forget() -> None:
    """The next look asks Redis."""
    global _held
    _held = (-FRESH_S, Held())


def of_hash(given: Mapping[bytes, bytes]) -> Held:
    """What the hash says. Pure."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for field, value in given.items():
        parts = field.decode().split(":", 2)
        if parts[0] == account_settings.HOLD:
            mode, _, why = value.decode().partition(" ")
            found.setdefault((parts[1], mode), {})[parts[2]] = why
    return Held(
        paused=found.get((Kind.CHANNEL, Mode.PAUSED), {}),
        draining=found.get((Kind.CHANNEL, Mode.DRAINING), {}),
        types=found.get((Kind.TYPE, Mode.DRAINING), {}),
    )


def paused_topics() -> frozenset[str]:
    """The topics that bridges take nothing from."""
    return frozenset(channel_topic(channel, lane) for channel in held().paused for lane in LANES if lane != "critical")


def hold_back(type: str, verdicts: Sequence[Verdict], now: int, given: Held) -> tuple[Verdict, ...]:
    """`verdicts` with each send that is held back turned into a deferral. Pure; `now` is the record's (ms)."""
    if not (given.types or given.draining):
        return tuple(verdicts)
    return tuple([_held_back(type, each, now, given) for each in verdicts])


def _held_back(type: str, verdict: Verdict, now: int, given: Held) -> Verdict:
    if verdict.verdict != SEND or (type not in given.types and verdict.channel not in given.draining):
        return verdict
    what = f"type {type}" if type in given.types else f"channel {verdict.channel}"
    return Verdict(
        channel=verdict.channel,
        verdict=DEFER,
        reason=HELD,
        detail=f"An operator holds back the {what}.",
        setting=what,
        due=now + LOOK_AGAIN_MS,
    )


def rows() -> dict[tuple[str, str], Control]:
    """What was ever held back, by (kind, name). Raises ControlPlaneUnavailable."""
    with control_plane():
        return {(row.kind, row.name): row for row in Control.objects.all()}


def hold(kind: str, name: str, mode: str, *, why: str, by: str) -> None:
    """Pauses or drains a channel, holds a type. Felt within FRESH_S. Raises InvalidRequest, ControlPlaneUnavailable."""
    _check(kind, name)
    if mode not in MODES[Kind(kind)]:
        raise InvalidRequest(
            f"a {kind} can't be {mode}", field="mode", remedy=f"One of {', '.join(MODES[Kind(kind)])}."
        )
    _set(kind, name, mode, why=why, by=by)


def resume(kind: str, name: str, *, why: str, by: str) -> None:
    """Lets it go on, and what was held back with it. Raises InvalidRequest, ControlPlaneUnavailable."""
    _check(kind, name)
    _set(kind, name, Mode.RUNNING, why=why, by=by)
    table.wake(HELD, within_ms=LOOK_AGAIN_MS)


@one_transaction
def _set(kind: str, name: str, mode: str, *, why: str, by: str) -> None:
    if not why.strip():
        raise InvalidRequest("a change says why", field="why", remedy="A sentence for whoever reads it later.")
    values = {"mode": mode, "why": why, "by": by, "at": account_settings.next_change()}
    Control.objects.update_or_create(kind=kind, name=name, defaults=values)
    transaction.on_commit(_publish)


def _publish() -> None:
    account_settings.publish_soon()
    forget()


def _check(kind: str, name: str) -> None:
    there = CHANNELS if kind == Kind.CHANNEL else get_catalog().names()
    if kind not in Kind.values or name not in there:
        raise InvalidRequest(f"there is no {kind} {name}", field="name", remedy="Choose one of those that are listed.")
