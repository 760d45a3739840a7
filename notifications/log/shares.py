"""How a poll is divided: nobody waits for a neighbour's backlog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LEAST_SHARE = 64


def fair_shares(available: Sequence[int], total: int) -> list[int]:
    """What each may take of `total` when it has `available`: an equal part, and one of what others leave.

    With more takers than `total`, the first get one each: callers rotate.
    """
    shares = [0] * len(available)
    left = total
    by_size = sorted(range(len(available)), key=available.__getitem__)
    if total < len(available):
        by_size = by_size[:0]
        shares[:total] = [1] * total
    for rank, index in enumerate(by_size):
        shares[index] = min(available[index], left // (len(by_size) - rank))
        left -= shares[index]
    return shares


def enough_for(available: Iterable[int], total: int) -> int:
    """How many of the first takers fill `total` with LEAST_SHARE each: a backlog leaves partitions for the next poll.

    So several batches can be under way over disjoint partitions (design.md, idea 2); callers rotate.
    """
    count = 0
    for waiting in available:
        if total <= 0:
            break
        count += 1
        total -= min(waiting, LEAST_SHARE)
    return count
