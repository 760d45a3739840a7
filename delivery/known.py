"""What is known already of a notification that may be a repeat, in the critical lane (contract §9, "Kafka down").

What went the direct way has its decision and its outcomes in the store and not on the log. When it comes by once more,
from the spool, routing tells the log what the store knows, and leaves out what has its outcome. Told twice it changes
nothing: the identities are the same, and the mark says that it isn't new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from foundation.errors import StoreUnavailable
from notifications.records import Attempting, Decision, Event, Outcome, Report
from notifications.status import ATTEMPTING, is_final
from notifications.store.port import LogEntry
from notifications.timeline import channel_statuses


class Known(msgspec.Struct, frozen=True):
    """`ended`: ids of which nothing is left to do; `reports`: all that the store knows of those asked about."""

    ended: frozenset[str] = frozenset()
    reports: list[Report] = []


def look(marked: Mapping[str, Event]) -> Known:
    """What is known of `marked` (events by notification id), in two reads of the store.

    With the store away nothing is: what follows asks again before it sends, and tells what it finds
    (delivery/repeats.py).
    """
    from notifications.store import get_store

    if not marked:
        return Known()
    try:
        found = get_store().details(list(marked))
        cells = get_store().timelines(list(found)) if found else {}
    except StoreUnavailable:
        return Known()
    decisions = {id: [each.decision for each in some] for id, some in found.items()}
    ended = {id for id, some in decisions.items() if marked[id].resumed is None and _ended(some, cells.get(id, ()))}
    reports: list[Report] = [decision for some in decisions.values() for decision in some]
    reports += [report for some in cells.values() for report in reports_of(some)]
    return Known(frozenset(ended), reports)


def _ended(decisions: Sequence[Decision], cells: Sequence[LogEntry]) -> bool:
    return all(is_final(its["status"]) for its in channel_statuses(decisions, cells).values())


def reports_of(cells: Iterable[LogEntry]) -> Iterator[Report]:
    """The cells as what they were made of (delivery/tracking.py); decisions and receipts have none of their own."""
    for cell in cells:
        if cell.attempt < 1:
            continue
        if cell.status == ATTEMPTING:
            yield Attempting(rows=[(cell.id, cell.user, cell.channel, cell.send, cell.attempt)], at=cell.at)
        else:
            yield _outcome(cell)


def _outcome(cell: LogEntry) -> Outcome:
    detail = cell.detail
    return Outcome(
        id=cell.id,
        user=cell.user,
        channel=cell.channel,
        status=cell.status,
        send=cell.send,
        attempt=cell.attempt,
        reason=detail.get("reason", ""),
        detail=detail.get("detail", ""),
        error=detail.get("error", ""),
        provider=detail.get("provider", ""),
        provider_id=detail.get("provider_id", ""),
        due=detail.get("due"),
        started_at=detail.get("started_at", 0),
        at=cell.at,
        stamps=detail.get("stamps", {}),
    )
