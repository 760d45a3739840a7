"""Time as the platform keeps it: whole milliseconds since 1970 UTC inside, RFC 3339 UTC outside (contract §2)."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The present, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def to_rfc3339(ms: int) -> str:
    """`ms` as `2026-02-23T14:30:00.123Z`."""
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def from_rfc3339(text: str) -> int:
    """Milliseconds of an RFC 3339 time.

    Raises ValueError when it can't be read or carries no zone.
    """
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        raise ValueError("the time has no zone; end it with Z or an offset such as +02:00")
    return round(stamp.timestamp() * 1000)
