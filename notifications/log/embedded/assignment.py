"""Who should own how much of a topic: as even as it gets, with as few moves as possible."""

from __future__ import annotations

from collections.abc import Mapping


def fair_counts(held: Mapping[int, int], partitions: int) -> dict[int, int]:
    """How many of `partitions` each member (by session) should own, given how many each holds now.

    The ones left over when it doesn't divide go to those who hold most, then by session: every member works out the
    same, and nothing moves without need.
    """
    if not held:
        return {}
    base, extra = divmod(partitions, len(held))
    ranked = sorted(held, key=lambda member: (-held[member], member))
    return {member: base + (rank < extra) for rank, member in enumerate(ranked)}
