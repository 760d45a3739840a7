"""Of what nothing was heard for long: which has no place in flight? A small look, for the live ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from delivery.audit import places, spools
from delivery.audit.book import Book
from delivery.audit.conservation import CLOCKS_DIFFER_MS, WAY
from delivery.audit.entry import Entry, apply, in_flight
from delivery.audit.facts import Fact, facts_of
from delivery.audit.reading import size, span
from foundation.errors import PoisonRecord
from notifications.log.port import Log
from notifications.topology import INTAKE_TOPICS, TOPICS

ASKED_ABOUT = 500
# With more than this waiting on channel topics, silence has its reason: they are being worked off.
BACKLOG = 20_000


def without_place(log: Log, book: Book, before: int, now: int) -> set[str]:
    """Ids of up to ASKED_ABOUT notifications that have been silent since `before` (ms) and stand nowhere.

    In the order of `delivery.audit.conservation`: offsets first, then topics, then the due-time table.
    """
    silent = dict(book.to_look_at(before, ASKED_ABOUT))
    if not silent:
        return set()
    intake = {(topic, p): at for topic in INTAKE_TOPICS for p, at in log.committed(TOPICS[topic].group, topic).items()}
    spans = {topic: span(log.committed(TOPICS[topic].group, topic), log.end_offsets(topic)) for topic in WAY}
    if sum(size(what) for what in spans.values()) > BACKLOG:
        return set()
    _place(silent, spools.waiting())
    _place(silent, _standing(log, spans))
    _place(silent, places.waiting(now - CLOCKS_DIFFER_MS, list(silent)))
    for _, facts in places.quarantined(now - CLOCKS_DIFFER_MS):
        _place(silent, facts)
    return {id for id, entry in silent.items() if any(not where for _, where in in_flight(entry, intake))}


def _standing(log: Log, spans: Mapping[str, Mapping[int, tuple[int, int]]]) -> Iterator[Fact]:
    for topic, what in spans.items():
        for partition, (start, end) in what.items():
            for record in log.read(topic, partition, start, end):
                try:
                    yield from facts_of(record)
                except PoisonRecord:
                    continue


def _place(entries: Mapping[str, Entry], facts: Iterator[Fact] | list[Fact]) -> None:
    for fact in facts:
        if fact.id in entries:
            apply(entries[fact.id], fact)
