"""The live ledger: accepted = delivered + dropped + parked + in flight, unaccounted 0.

Derived from the log, never from counters that can drift: it keeps its place on the log and the audit's book between
calls, so a refresh costs what is new. A notification stands in one column; its deliveries are counted beside.

What is silent for long is looked for (as in `delivery.audit.conservation`); what has no place in flight twice in a row,
with nothing heard between, is unaccounted for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

import msgspec
from django.conf import settings

from delivery.audit import silent
from delivery.audit.book import Book
from delivery.audit.reading import read
from foundation.clock import now_ms
from notifications.log import get_log
from notifications.log.port import Log
from notifications.status import LEDGER_BUCKETS
from notifications.topology import DELIVERY, INTAKE_TOPICS

RECORDS_A_REFRESH = 20_000
SILENT_MS = 20_000
LOOK_EVERY_MS = 5_000

# Intake first: what a decision is about must be in the book before it.
ORDER = (*INTAKE_TOPICS, DELIVERY)


class Reason(msgspec.Struct, frozen=True):
    """How many deliveries of a channel have this status for this reason."""

    channel: str
    status: str
    reason: str
    count: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger at `at` (ms). Columns count notifications; `deliveries` has the same columns for deliveries. `behind`:
    log records not read yet.
    """

    at: int
    accepted: int
    delivered: int
    dropped: int
    parked: int
    in_flight: int
    unaccounted: int
    deliveries: dict[str, int]
    reasons: list[Reason]
    behind: int


class Ledger:
    """Reads on from where it was. Thread-safe; callers at the same time share a refresh's work."""

    def __init__(self, log: Log | None = None) -> None:
        self._log = log or get_log()
        self._book = Book(Path(settings.VAR))
        self._lock = Lock()
        self._at: dict[str, dict[int, int]] = {}
        self._ends: dict[str, dict[int, int]] = {}
        self._looked_at = 0
        self._suspects: frozenset[str] = frozenset()
        self._unaccounted: frozenset[str] = frozenset()

    def refresh(self, most: int = RECORDS_A_REFRESH) -> Counts:
        """Reads up to about `most` new records; the counts as they are then. Raises LogUnavailable."""
        with self._lock:
            now = now_ms()
            self._read(most, now)
            if now - self._looked_at >= LOOK_EVERY_MS and not self._behind():
                self._look(now)
            return self._counts(now)

    def close(self) -> None:
        """Forgets everything."""
        self._book.close()

    def _read(self, most: int, now: int) -> None:
        """To the ends as they were when the last span was done: the delivery topic's is taken first, so that whatever
        it tells of stands on an intake topic before that topic's end.
        """
        if not self._behind():
            self._ends = {topic: self._log.end_offsets(topic) for topic in reversed(ORDER)}
        for topic in ORDER:
            for partition, end in self._ends[topic].items():
                if most <= 0:
                    return
                start = self._position(topic, partition)
                upto = min(end, start + most)
                if start < upto:
                    read(self._log, topic, {partition: (start, upto)}, self._book, at=now)
                    self._at[topic][partition] = upto
                    most -= upto - start

    def _position(self, topic: str, partition: int) -> int:
        if topic not in self._at:
            self._at[topic] = dict(self._log.begin_offsets(topic))
        return self._at[topic].setdefault(partition, 0)

    def _behind(self) -> int:
        return sum(
            max(0, end - self._position(topic, partition))
            for topic, ends in self._ends.items()
            for partition, end in ends.items()
        )

    def _look(self, now: int) -> None:
        suspects = silent.without_place(self._log, self._book, now - SILENT_MS, now)
        self._unaccounted = frozenset(self._suspects & suspects)
        self._suspects, self._looked_at = frozenset(suspects), now

    def _counts(self, now: int) -> Counts:
        book = self._book
        columns: Mapping[str, int] = {name: book.notifications[name] for name in LEDGER_BUCKETS}
        unaccounted = min(len(self._unaccounted), columns["in_flight"])
        return Counts(
            at=now,
            accepted=book.accepted,
            delivered=columns["delivered"],
            dropped=columns["dropped"],
            parked=columns["parked"],
            in_flight=columns["in_flight"] - unaccounted,
            unaccounted=unaccounted,
            deliveries={name: book.deliveries[name] for name in LEDGER_BUCKETS},
            reasons=[Reason(*one, count) for one, count in book.standings.most_common() if count > 0],
            behind=self._behind(),
        )


@cache
def get_ledger() -> Ledger:
    """This process's ledger."""
    return Ledger()
