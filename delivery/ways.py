"""How long the way took, from when a notification was to go until a channel had it: a histogram a minute (contract §8).

The way begins with the record's `now`: acceptance, or the end of a schedule or of quiet hours. Broadcasts are left out,
they go at the rate somebody chose, and so are retries, whose waiting is told elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from foundation import minutes
from notifications.records import ChannelRecord

# Upper bounds in ms, about a third apart; beyond the last nobody asks how far.
BOUNDS = (
    *(5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750),
    *(1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000),
)


def note(channel: str, records: Sequence[ChannelRecord], at: int) -> None:
    """Counts the ways of `records`, which `channel` had at `at` (ms)."""
    found: Counter[minutes.Field] = Counter(
        ("way", channel, str(bisect_left(BOUNDS, at - record.now)))
        for record in records
        if record.attempt == 1 and not record.hop and record.lane != "bulk"
    )
    if found:
        minutes.add(found, at=at)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The way (ms) that `share` (0 to 1) of them didn't exceed, by place in BOUNDS; None without any. Pure.

    Within a bucket they are taken to lie evenly.
    """
    left = sum(counts.values()) * share
    if not left:
        return None
    for place in sorted(counts):
        if counts[place] >= left:
            low = BOUNDS[place - 1] if place else 0
            high = BOUNDS[min(place, len(BOUNDS) - 1)]
            return round(low + max(0, high - low) * left / counts[place], 1)
        left -= counts[place]
    return float(BOUNDS[-1])
