"""The figures operators watch, gathered when they are asked for: from the log, the store, Redis, the control plane.

The servers are asked side by side, each with its own patience. One that is away costs its own figures only: `away`
names it, the others are given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import msgspec
from django.db.models import Count, Min

from delivery import account_settings, breaker, queues, sidebyside, stopping, tallies, words
from delivery.models import Alert, DeadLetter, QuarantinedRecord
from delivery.providers.registry import account_names, rate_of
from delivery.queues import Waits
from delivery.servers import SERVERS
from foundation import heartbeat
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.heartbeat import Process
from foundation.probing import probe
from foundation.redis import epoch
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.spool.models import SpoolReport
from notifications.topology import INTAKE_TOPICS, TOPICS

__all__ = ["Breaker", "Figures", "Lag", "Waiting", "gather", "lag", "probe"]

PATIENCE_S = 4.0
ALERTS_OF_MS = 24 * 3_600_000
RATE_OF_MS = 60_000
# How old the oldest unprocessed record is at the least is found by bisection: whether one is older than each of these.
AGES_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 6 * 3_600, 24 * 3_600)


class Lag(msgspec.Struct, frozen=True):
    """A topic and its group: records appended ever, those the group hasn't passed, and the least age of the oldest."""

    topic: str
    group: str
    appended: int
    behind: int
    oldest_s: int = 0


class Waiting(msgspec.Struct, frozen=True):
    """Rows of the due-time table of one kind; `late_ms` by how much the oldest is overdue."""

    kind: str
    count: int
    late_ms: int


class Breaker(msgspec.Struct, frozen=True):
    """A provider account: its breaker's word, ms until it opens for sends again, its share, its rate, why it pauses."""

    account: str
    state: str
    wait_ms: int
    share: float = 1.0
    rate: int = 0
    why: str = ""


class Spooled(msgspec.Struct, frozen=True):
    """A spool that holds lines: of which machine, how many are still to be produced, since when (ms)."""

    name: str
    node: str
    undone: int
    oldest: int


class Figures(msgspec.Struct, kw_only=True):
    """All of them at `at` (ms). `servers`: what each that answers took, in ms; `away`: why the others didn't."""

    at: int
    servers: dict[str, float] = {}
    away: dict[str, str] = {}
    lags: list[Lag] = []
    accepted_per_s: float = 0.0
    outcomes_per_s: float = 0.0
    waiting: list[Waiting] = []
    parked: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    stopped: list[str] = []
    spools: list[Spooled] = []
    alerts: int = 0
    breakers: list[Breaker] = []
    outcomes: dict[tuple[str, str, str], int] = {}
    queues: list[Waits] = []
    processes: list[Process] = []
    workers: int = 0
    redis_since: int = 0


def gather(patience_s: float = PATIENCE_S) -> Figures:
    """The figures as they are now. Raises nothing: what can't be asked within `patience_s` is named in `away`."""
    figures = Figures(at=now_ms(), servers={}, away={})
    readers = {"log": _of_log, "redis": _of_redis, "database": _of_database}
    asked = {name: partial(_part, figures.at, ask, readers.get(name)) for name, ask in SERVERS.items()}
    for name, answer in sidebyside.ask(asked, patience_s).items():
        if isinstance(answer, Exception):  # whatever it is: the others are shown all the same
            figures.away[name] = str(answer) or type(answer).__name__
        else:
            took, found = answer
            figures.servers[name] = round(took * 1_000, 1)
            for field, value in found.items():
                setattr(figures, field, value)
    return figures


def _part(
    at: int, ask: Callable[[], object], read: Callable[[int], dict[str, Any]] | None
) -> tuple[float, dict[str, Any]]:
    """What the server's shortest answer took (s), and the figures it gives."""
    ask()  # the first one may have to connect
    began = perf_counter()
    ask()
    took = perf_counter() - began
    return took, read(at) if read else {}


# --- the log


def _of_log(at: int) -> dict[str, Any]:
    return {"lags": [lag(name, at) for name in TOPICS], "accepted_per_s": _accepted_per_s(at)}


def lag(name: str, at: int) -> Lag:
    """The lag of a topic's group at `at` (ms). Raises LogUnavailable."""
    log, group = get_log(), TOPICS[name].group
    passed = log.committed(group, name)
    ends = log.end_offsets(name)
    behind = {p: passed.get(p, 0) for p, end in ends.items() if end > passed.get(p, 0)}
    count = sum(ends[partition] - offset for partition, offset in behind.items())
    return Lag(name, group, sum(ends.values()), count, _oldest_s(name, behind, at) if behind else 0)


def _oldest_s(name: str, behind: dict[int, int], at: int) -> int:
    """At least how old the oldest record at or beyond `behind` (offsets by partition) is, by AGES_S."""
    low, high = 0, len(AGES_S)  # every age before `low` is reached, none from `high` on
    while low < high:
        middle = (low + high) // 2
        since = get_log().offset_at(name, at - AGES_S[middle] * 1_000)
        if any(since.get(partition, 0) > offset for partition, offset in behind.items()):
            low = middle + 1
        else:
            high = middle
    return AGES_S[low - 1] if low else 0


def _accepted_per_s(at: int) -> float:
    """Records that came in over the last minute, a second."""
    log, count = get_log(), 0
    for name in INTAKE_TOPICS:
        ends, since = log.end_offsets(name), log.offset_at(name, at - RATE_OF_MS)
        count += sum(max(0, end - since.get(partition, end)) for partition, end in ends.items())
    return round(count * 1_000 / RATE_OF_MS, 1)


# --- Redis


def _of_redis(at: int) -> dict[str, Any]:
    return {
        "redis_since": epoch(),
        "outcomes": tallies.totals(),
        "outcomes_per_s": tallies.per_second(at),
        "breakers": _breakers(),
        "workers": words.workers_alive(),
        "queues": queues.look(),
        "stopped": sorted(stopping.stops(TOPICS)),
        "processes": heartbeat.heard(),
    }


def _breakers() -> list[Breaker]:
    rates = account_settings.rates_set()
    return [
        Breaker(name, found.state, found.wait_ms, found.share, rates.get(name, rate_of(name)), found.why)
        for name, found in breaker.standings(account_names()).items()
    ]


# --- the control plane


def _of_database(at: int) -> dict[str, Any]:
    with control_plane():
        held = DueRow.objects.filter(state__in=(DueRow.State.WAITING, DueRow.State.CLAIMED))
        rows = held.values_list("kind").annotate(count=Count("pk"), oldest=Min("due_at")).order_by("kind")
        parked = DeadLetter.objects.filter(state=DeadLetter.State.PARKED).order_by("reason")
        kept = QuarantinedRecord.objects.filter(state=QuarantinedRecord.State.KEPT).order_by("topic")
        return {
            "waiting": [Waiting(kind, count, max(0, at - oldest)) for kind, count, oldest in rows],
            "parked": dict(parked.values_list("reason").annotate(count=Count("pk"))),
            "quarantined": dict(kept.values_list("topic").annotate(count=Count("pk"))),
            "spools": [Spooled(s.name, s.node, s.lines, s.oldest) for s in SpoolReport.objects.order_by("name")],
            "alerts": Alert.objects.filter(at__gte=at - ALERTS_OF_MS).count(),
        }
