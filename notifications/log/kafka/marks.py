"""What a commit says besides its offset: whether its partition is held by a member, or was released. Pure.

Kafka doesn't tell a new owner how the old one ended. So whoever takes a partition first commits its position as held,
every commit of its own says so again, and only giving it up with nothing under way says released (decision 12).
"""

from __future__ import annotations

HELD, RELEASED = "held by ", "released"


def held(incarnation: str) -> str:
    """The mark of a partition's owner; `incarnation` names a consumer of one process, never used twice."""
    return HELD + incarnation


def not_before(mark: str, incarnation: str, *, now: int, lost_at: int | None, handover_ms: int) -> int:
    """Before which time (ms) the next owner may not dispatch, by the mark it finds ("" where nothing was committed).

    What another may have under way ends `handover_ms` from now at the latest; what this same consumer had, so long
    after it lost the partition (`lost_at`, ms).
    """
    if not mark.startswith(HELD):
        return 0
    since = lost_at if lost_at is not None and mark == held(incarnation) else now
    return since + handover_ms
