"""The whole look: is every accepted notification accounted for? Exact while the system runs.

Call what has no outcome yet a token. A token is always in one of these places, and becomes visible in the next before
it leaves the last (an offset moves only when what follows is durable; a row is there before the offset moves, and stays
as "released" after what it held was produced):

    (spool ─►) intake ─► channel topic ─► dlq ─► due-time table ─► (round again, to a channel topic or to intake)
                  └──────────┴──────────────┴─► an outcome on the delivery topic: where it ends

The look, begun at t0:

    0  lines of this machine's spools: accepted as well, and in flight
    1  ends of the intake topics: they say which notifications are asked about
    2  committed offsets C of every group, in the order of the way
    3  what stands on intake up to 1; what stands on channel topics and dlq from C on
    4  rows of the due-time table, and those released since t0; what is kept in the quarantine
    5  the delivery topic up to its end as it is now, then rows that were cancelled

Nothing in flight is missed. A token that was in a spool when 0 looked is seen there; one that had left it stands on
intake before 1 (a line is removed after it was produced). A token that was in the due-time table at any moment since t0
is seen in 4: either it is still there, or it was released since. Any other has only moved forward through the topics
since t0. When C was read it stood on some topic at or beyond that topic's C (or had not come to it yet, and C of the
topics ahead was read later), and 3 reads from C to an end taken after that. A token that ended has its outcome on the
delivery topic before its offset moved, so 5, which comes last, reads it.

Nothing lost is hidden: what has no outcome in 5 and was seen in no place has left every place without one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

from django.conf import settings

from delivery.audit import deep, places, spools
from delivery.audit.book import Book
from delivery.audit.entry import Entry, doubles, in_flight
from delivery.audit.facts import WHOLE, Fact
from delivery.audit.findings import Findings
from delivery.audit.reading import Span, Unreadable, read, size, span
from foundation.clock import now_ms
from notifications.log import get_log
from notifications.log.port import Log
from notifications.topology import DELIVERY, INTAKE_TOPICS, TOPICS

CLOCKS_DIFFER_MS = 5_000
FACTS_A_BATCH = 2_000
WAY = tuple(name for name in TOPICS if name not in (*INTAKE_TOPICS, DELIVERY))

Offsets = dict[str, dict[int, int]]


class Progress(Protocol):
    """Told how far the look is: records done, of how many (which grows as more is known), and what it is at."""

    def __call__(self, *, done: int = 0, more: int = 0, at: str = "") -> None: ...


def _silent(*, done: int = 0, more: int = 0, at: str = "") -> None:
    return


def audit(
    *, since: int = 0, until: int | None = None, in_depth: bool = False, progress: Progress = _silent
) -> Findings:
    """Looks at what was accepted in [since, until) (ms; everything the log still has without).

    `in_depth` asks the store and the sandbox's outbox as well. Raises LogUnavailable, ControlPlaneUnavailable,
    StoreUnavailable when it could not be run.
    """
    begun, clock = now_ms(), time.monotonic()
    findings = Findings(since=since, until=until, at=begun)
    book = Book(Path(settings.VAR))
    try:
        Look(get_log(), book, findings, progress).take(begun)
        if in_depth:
            findings.deep = True
            deep.check(book, findings, lambda done: progress(done=done, at="store"))
    finally:
        book.close()
    findings.seconds = time.monotonic() - clock
    return findings


class Look:
    """One look at the whole system; its order is the argument above."""

    def __init__(self, log: Log, book: Book, findings: Findings, progress: Progress) -> None:
        self._log, self._book, self._findings, self._progress = log, book, findings, progress
        self._window = (findings.since, findings.until)
        self._unreadable: Unreadable = []

    def take(self, begun: int) -> None:
        """Fills the book, then the findings."""
        self._findings.spools = spools.seen()
        self._add(spools.waiting(*self._window))
        ends = {topic: self._log.end_offsets(topic) for topic in INTAKE_TOPICS}
        committed = {name: self._log.committed(TOPICS[name].group, name) for name in (*INTAKE_TOPICS, *WAY, DELIVERY)}
        for topic in INTAKE_TOPICS:
            self._read(topic, span(self._starts(topic), ends[topic]))
        for topic in WAY:
            self._read(topic, span(committed[topic], self._log.end_offsets(topic)))
        self._add(places.waiting(begun - CLOCKS_DIFFER_MS))
        kept = self._add_quarantined(begun - CLOCKS_DIFFER_MS)
        told = span(self._starts(DELIVERY), self._log.end_offsets(DELIVERY))
        self._read(DELIVERY, told, tracked=committed[DELIVERY])
        self._add(places.cancelled())
        self._judge(committed, kept)

    def _starts(self, topic: str) -> dict[int, int]:
        if not self._findings.since:
            return self._log.begin_offsets(topic)
        return self._log.offset_at(topic, self._findings.since - CLOCKS_DIFFER_MS)

    def _read(self, topic: str, what: Span, *, tracked: dict[int, int] | None = None) -> None:
        self._progress(more=size(what), at=topic)
        self._unreadable += read(
            self._log,
            topic,
            what,
            self._book,
            accepted_in=self._window,
            tracked=tracked,
            progress=lambda done: self._progress(done=done),
        )

    def _add(self, facts: Iterable[Fact]) -> None:
        for batch in _batches(facts):
            self._book.add(batch)

    def _add_quarantined(self, since: int) -> set[tuple[str, int, int]]:
        kept = set()
        for place, facts in places.quarantined(since):
            kept.add(place)
            self._book.add(facts)
        return kept

    def _judge(self, committed: Offsets, kept: set[tuple[str, int, int]]) -> None:
        findings, book = self._findings, self._book
        findings.accepted = book.accepted
        findings.notifications, findings.deliveries = book.notifications, book.deliveries
        findings.standings = book.standings
        intake = {(topic, p): offset for topic in INTAKE_TOPICS for p, offset in committed[topic].items()}
        for id, entry in book.to_look_at():
            self._judge_entry(id, entry, intake)
        for topic, partition, offset in self._unreadable:
            passed = offset < committed[topic].get(partition, 0)
            if passed and (topic, partition, offset) not in kept:
                findings.unreadable.add(f"{topic}/{partition}@{offset}", "*", "passed by, but not in the quarantine")

    def _judge_entry(self, id: str, entry: Entry, intake: dict[tuple[str, int], int]) -> None:
        for channel, where in in_flight(entry, intake):
            if where:
                self._findings.places[where] += 1
            else:
                what = "accepted, but never decided" if channel == WHOLE else "decided, but without an outcome"
                self._findings.lost.add(id, channel, what)
        for channel, send in doubles(entry):
            if entry.priority in settings.ENV.IN_DOUBT_RESEND:
                self._findings.allowed_doubles += 1
            else:
                self._findings.doubled.add(id, channel, f"send {send}… was handed over more than once")


def _batches(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    rest = iter(facts)
    while batch := list(islice(rest, FACTS_A_BATCH)):
        yield batch
