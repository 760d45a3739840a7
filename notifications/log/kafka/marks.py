"""What a commit says besides its offset: whether its partition is held by a member, or was released. Pure.

Kafka doesn't tell a new owner how the old one ended. So whoever takes a partition first commits its position as held,
every commit of its own says so again, and only giving it up with nothing under way says released (decision 12).
"""

from __future__ import annotations

from collections.abc import Mapping

HELD, RELEASED = "held by ", "released"


def held(incarnation: str) -> str:
    """The mark of a partition's owner; `incarnation` names a consumer of one process, never used twice."""
    return HELD + incarnation


def not_before(
    mark: str, incarnation: str, *, now: int, handover_ms: int, lost_at: Mapping[str, int] | None = None
) -> int:
    """Before which time (ms) the next owner may not dispatch, by the mark it finds ("" where nothing was committed).

    What others may have under way ends `handover_ms` from now at the latest; what this same consumer had (`lost_at`
    its incarnation, ms) that long after it was lost.
    """
    if not mark.startswith(HELD):
        return 0
    owner = mark.removeprefix(HELD)
    since = (lost_at or {}).get(owner, now) if owner == incarnation else now
    return since + handover_ms
