"""The summary of past deliveries that segments ask: who was sent what, read it, or was missed, by the day (issue: §2).

It costs next to nothing an event: what a process has written today it remembers, so a second notification of the same
type on the same channel and day is a look into memory; what is new of a batch is one upsert a fact. It is for
segments, not a ledger: while the control plane is away, facts wait in memory up to a bound (docs/decisions/0020).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeVar

import structlog
from django.conf import settings

from foundation.errors import ControlPlaneUnavailable, StoreUnavailable
from notifications.records import Decision, Outcome, Receipt, Report
from notifications.status import BOUNCED, CLICKED, COMPLAINED, MEANING, OPENED, READ, UNDELIVERED, was_sent
from notifications.store import get_store
from preferences import delivery_facts
from preferences.delivery_facts import ENGAGED, FAILED, SENT, Fact

REMEMBERED = 100_000
"""Facts, and notifications' types, that a process remembers; twice as many at most."""
WAITING_MAX = 50_000
AWAY_S = 30.0
DAY_MS = 86_400_000

FACT_OF = {
    READ: ENGAGED,
    OPENED: ENGAGED,
    CLICKED: ENGAGED,
    BOUNCED: FAILED,
    UNDELIVERED: FAILED,
    COMPLAINED: FAILED,
}

log = structlog.get_logger(__name__)

K = TypeVar("K")
V = TypeVar("V")


class Happened(NamedTuple):
    """A fact without its type, which only the decision knows."""

    notification: str
    user: str
    channel: str
    fact: str
    day: int


def of_reports(reports: Iterable[Report]) -> list[Happened]:
    """What is to be summed up of these; `day` counts from 1970, UTC. Pure."""
    found: list[Happened] = []
    for report in reports:
        if isinstance(report, Outcome | Receipt):
            status = MEANING.get((report.channel, report.status), report.status)
            day = report.at // DAY_MS
            if was_sent(status):
                found.append(Happened(report.id, report.user, report.channel, SENT, day))
            if status in FACT_OF:
                found.append(Happened(report.id, report.user, report.channel, FACT_OF[status], day))
    return found


class Recent(dict[K, V]):
    """A dict that forgets what was put in long ago: of two generations, the elder goes when the younger is full."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._elder: dict[K, V] = {}

    def put(self, key: K, value: V) -> None:
        if len(self) >= self._size:
            self._elder = dict(self)
            self.clear()
        self[key] = value

    def look(self, key: K) -> V | None:
        found = self.get(key)
        return self._elder.get(key) if found is None else found


class Summary:
    """One process's writer. Its threads share what is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: Recent[tuple[str, str, str, str], int] = Recent(REMEMBERED)
        self._types: Recent[str, str] = Recent(REMEMBERED)
        self._waiting: dict[tuple[str, str, str, str], int] = {}
        self._away_until = 0.0

    def note(self, reports: Sequence[Report]) -> int:
        """Sums these up; how many facts were written. Never raises for a server that is away: facts wait for it."""
        happened = of_reports(reports)
        with self._lock:
            for report in reports:
                if isinstance(report, Decision):
                    self._types.put(report.id, report.event.type)
            types = {each.notification: self._types.look(each.notification) for each in happened}
        fresh = self._fresh(happened, self._named(types))
        if not fresh or time.monotonic() < self._away_until:
            self._wait(fresh)
            return 0
        return self._write(fresh)

    def _named(self, types: Mapping[str, str | None]) -> dict[str, str]:
        """The types of these notifications; of what this process didn't see decided, by the store."""
        known = {id: type for id, type in types.items() if type is not None}
        missing = [id for id, type in types.items() if type is None]
        if missing:
            try:
                found = get_store().details(missing)
            except StoreUnavailable as error:
                log.warning("some deliveries aren't summed up", notifications=len(missing), why=str(error))
                return known
            known |= {id: decided[0].decision.event.type for id, decided in found.items() if decided}
        return known

    def _fresh(self, happened: Sequence[Happened], types: Mapping[str, str]) -> dict[tuple[str, str, str, str], int]:
        fresh: dict[tuple[str, str, str, str], int] = {}
        with self._lock:
            for each in happened:
                type = types.get(each.notification)
                if type is None:
                    continue
                key = (each.user, type, each.channel, each.fact)
                if (self._written.look(key) or 0) < each.day > fresh.get(key, 0):
                    fresh[key] = each.day
        return fresh

    def _wait(self, facts: Mapping[tuple[str, str, str, str], int]) -> None:
        with self._lock:
            self._waiting.update(facts)
            lost = len(self._waiting) - WAITING_MAX
            for key in list(self._waiting)[: max(0, lost)]:
                del self._waiting[key]
        if lost > 0:
            log.error("the control plane is away for long: the oldest facts are not summed up", facts=lost)

    def _write(self, facts: dict[tuple[str, str, str, str], int]) -> int:
        with self._lock:
            late, self._waiting = self._waiting, {}
        facts = {**late, **facts}
        try:
            delivery_facts.write([Fact(*key, _date(day)) for key, day in facts.items()], today=_date(_today()))
        except ControlPlaneUnavailable as error:
            self._away_until = time.monotonic() + AWAY_S
            self._wait(facts)
            log.warning("past deliveries are summed up later", facts=len(facts), why=str(error))
            return 0
        with self._lock:
            for key, day in facts.items():
                self._written.put(key, day)
        return len(facts)


_summary = Summary()


def note(reports: Sequence[Report]) -> None:
    """Sums up what the tracker has just made durable, where settings.SUM_UP_DELIVERIES says so."""
    if settings.SUM_UP_DELIVERIES:
        _summary.note(reports)


def _today() -> int:
    return int(time.time()) // 86_400


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()
