"""Where ids stand in an inbox, which is ordered by (time of the record, id).

A notification id tells when it was drawn, and most are put on their topic in the same moment: a narrow slice around
that time finds them. What was scheduled or deferred stands later: for those the rest of the user's keys are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from notifications.store.ages import oldest_kept
from notifications.store.cassandra.reading import read, read_many
from notifications.store.port import Position

KEYS_BETWEEN = "SELECT at, id, WRITETIME(entry) FROM {ks}.notifications_by_user WHERE user = ? AND at >= ? AND at <= ?"
KEYS_FROM = "SELECT at, id, WRITETIME(entry) FROM {ks}.notifications_by_user WHERE user = ? AND at >= ?"

# An id is drawn, then accepted; clocks of machines may differ by this much, and a refused call may have been repeated.
BEFORE_MS, AFTER_MS = 2_000, 60_000
SLICES = 20
ID_TIME = slice(len("notif_"), len("notif_") + 12)  # a UUIDv7 begins with 48 bits of milliseconds


def positions_of(user: str, ids: Collection[str]) -> list[Position]:
    """The positions of those of `ids` that are in this user's inbox. Raises StoreUnavailable.

    A row without an entry is no place in the inbox: a decision taken later (a fallback) leaves one of the same id.
    """
    missing = set(ids)
    found: list[Position] = []
    slices = list(_slices([drawn for drawn in map(drawn_at, missing) if drawn is not None]))
    for at, id, stamp in read_many(KEYS_BETWEEN, [(user, start, end) for start, end in slices]):
        if stamp is not None and id in missing:
            missing.remove(id)
            found.append(Position(at, id))
    if missing:
        keys = read(KEYS_FROM, user, oldest_kept())
        found += [Position(at, id) for at, id, stamp in keys if stamp is not None and id in missing]
    return found


def drawn_at(id: str) -> int | None:
    """When a notification id was drawn (ms), None where it doesn't say."""
    try:
        return int(id[ID_TIME], 16)
    except ValueError:
        return None


def _slices(times: Collection[int]) -> Iterator[tuple[int, int]]:
    """Times as slices that hold them and don't overlap; one for all where they would be many."""
    start = end = None
    spans: list[tuple[int, int]] = []
    for time in sorted(times):
        if start is None or end is None:
            start, end = time - BEFORE_MS, time + AFTER_MS
        elif time - BEFORE_MS <= end:
            end = time + AFTER_MS
        else:
            spans.append((start, end))
            start, end = time - BEFORE_MS, time + AFTER_MS
    if start is not None and end is not None:
        spans.append((start, end))
    if len(spans) > SLICES:
        spans = [(spans[0][0], spans[-1][1])]
    yield from spans
