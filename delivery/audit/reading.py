"""Topics into the book: streamed, a bounded batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from delivery.audit.book import Book
from delivery.audit.facts import Accepted, Fact, facts_of
from foundation.errors import PoisonRecord
from notifications.log.port import Log, LogRecord

RECORDS_A_BATCH = 2_000
BYTES_A_BATCH = 3 * 1024 * 1024

Span = Mapping[int, tuple[int, int]]  # partition → [start, end)
Progress = Callable[[int], None]
Unreadable = list[tuple[str, int, int]]


def span(starts: Mapping[int, int], ends: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """What lies between two sets of offsets, partition by partition; empty ones left out."""
    return {p: (starts.get(p, 0), end) for p, end in ends.items() if starts.get(p, 0) < end}


def size(what: Span) -> int:
    """How many offsets a span covers."""
    return sum(end - start for start, end in what.values())


def read(
    log: Log,
    topic: str,
    what: Span,
    book: Book,
    *,
    at: int = 0,
    accepted_in: tuple[int, int | None] = (0, None),
    tracked: Mapping[int, int] | None = None,
    progress: Progress | None = None,
) -> Unreadable:
    """Reads a span of `topic` into the book; returns the places of records that nobody can read.

    `accepted_in`: only what was accepted in [since, until) ms is taken from an intake topic. `tracked`: the tracker's
    offsets; what lies beyond isn't in the store yet. Raises LogUnavailable.
    """
    unreadable: Unreadable = []
    for partition, (start, end) in what.items():
        passed = end if tracked is None else min(max(tracked.get(partition, 0), start), end)
        for untracked, low, high in ((False, start, passed), (True, passed, end)):
            for batch in _batches(log.read(topic, partition, low, high)):
                book.add(_facts(batch, accepted_in, unreadable), at=at, untracked=untracked)
                if progress:
                    progress(len(batch))
    return unreadable


def _batches(records: Iterable[LogRecord]) -> Iterator[list[LogRecord]]:
    """A record may hold hundreds of reports, so a batch is bounded by bytes as well."""
    batch: list[LogRecord] = []
    held = 0
    for record in records:
        batch.append(record)
        held += len(record.value)
        if len(batch) == RECORDS_A_BATCH or held >= BYTES_A_BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _facts(batch: list[LogRecord], accepted_in: tuple[int, int | None], unreadable: Unreadable) -> Iterator[Fact]:
    since, until = accepted_in
    for record in batch:
        try:
            facts = list(facts_of(record))
        except PoisonRecord:
            unreadable.append((record.topic, record.partition, record.offset))
            continue
        for fact in facts:
            if isinstance(fact, Accepted) and not _within(fact.accepted_at, since, until):
                continue
            yield fact


def _within(at: int, since: int, until: int | None) -> bool:
    return since <= at and (until is None or at < until)
