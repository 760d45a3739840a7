"""The figures operators watch, gathered when they are asked for: from the log, Redis and the control plane.

A server that is away costs its own figures only: `away` names it, the others are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from django.db.models import Count, Min

from delivery import breaker, tallies, words
from delivery.models import Alert, DeadLetter, QuarantinedRecord
from delivery.providers.registry import REGISTRY
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import PlatformError
from foundation.redis import Unreachable, epoch
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.topology import TOPICS

AWAY = (PlatformError, *Unreachable)
ALERTS_OF_MS = 24 * 3_600_000

T = TypeVar("T")


class Lag(msgspec.Struct, frozen=True):
    """A topic and its group: records appended ever, and those the group hasn't passed."""

    topic: str
    group: str
    appended: int
    behind: int


class Waiting(msgspec.Struct, frozen=True):
    """Rows of the due-time table of one kind; `late_ms` by how much the oldest is overdue."""

    kind: str
    count: int
    late_ms: int


class Breaker(msgspec.Struct, frozen=True):
    """A provider account's breaker: its word, and ms until it opens for sends again."""

    account: str
    state: str
    wait_ms: int


class Figures(msgspec.Struct, kw_only=True):
    """All of them at `at` (ms)."""

    at: int
    lags: list[Lag] = []
    waiting: list[Waiting] = []
    parked: dict[str, int] = {}
    quarantined: int = 0
    alerts: int = 0
    breakers: list[Breaker] = []
    outcomes: dict[tuple[str, str, str], int] = {}
    workers: int = 0
    redis_since: int = 0
    away: dict[str, str] = {}


def gather() -> Figures:
    """The figures as they are now. Raises nothing: what can't be asked is named in `away`."""
    figures = Figures(at=now_ms(), away={})
    for part, fill in (("log", _of_log), ("redis", _of_redis), ("database", _of_database)):
        try:
            fill(figures)
        except AWAY as error:
            figures.away[part] = str(error)
    return figures


def probe(part: Callable[[], object]) -> str:
    """ "ok", or why `part` can't be reached."""
    try:
        part()
    except AWAY as error:
        return str(error) or type(error).__name__
    return "ok"


def _of_log(figures: Figures) -> None:
    figures.lags = [lag(name) for name in TOPICS]


def lag(name: str) -> Lag:
    """The lag of a topic's group. Raises LogUnavailable."""
    log, group = get_log(), TOPICS[name].group
    passed = log.committed(group, name)
    ends = log.end_offsets(name)
    behind = sum(max(0, end - passed.get(partition, 0)) for partition, end in ends.items())
    return Lag(name, group, sum(ends.values()), behind)


def _of_redis(figures: Figures) -> None:
    figures.redis_since = epoch()
    figures.outcomes = tallies.totals()
    figures.breakers = [Breaker(name, found.state, found.wait_ms) for name, found in _breakers()]
    figures.workers = words.workers_alive()


def _breakers() -> list[tuple[str, breaker.Admission]]:
    return [(account, breaker.state(account)) for account in REGISTRY]


def _of_database(figures: Figures) -> None:
    with control_plane():
        held = DueRow.objects.filter(state__in=(DueRow.State.WAITING, DueRow.State.CLAIMED))
        rows = held.values_list("kind").annotate(count=Count("pk"), oldest=Min("due_at")).order_by("kind")
        figures.waiting = [Waiting(kind, count, max(0, figures.at - oldest)) for kind, count, oldest in rows]
        parked = DeadLetter.objects.filter(state=DeadLetter.State.PARKED).order_by("reason")
        figures.parked = dict(parked.values_list("reason").annotate(count=Count("pk")))
        figures.quarantined = QuarantinedRecord.objects.filter(state=QuarantinedRecord.State.KEPT).count()
        figures.alerts = Alert.objects.filter(at__gte=figures.at - ALERTS_OF_MS).count()
