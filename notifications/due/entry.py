"""One row of the due-time table as a frozen value."""

from __future__ import annotations

import msgspec

SCHEDULE, QUIET_HOURS, RETRY, FALLBACK = "schedule", "quiet_hours", "retry", "fallback"
CONTROL_PLANE = "control_plane"
HELD = "held"
WHOLE = "*"


class DueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What waits: `value` (an encoded record) goes to `topic` under `key` at `due_at` (ms).

    `identity` is computed from the record that caused it, so that whoever does the work again inserts the same.
    `channel` is "*" where the whole notification waits. `kind`: "schedule", "quiet_hours", "retry", "fallback",
    "held": an operator holds it back, or "control_plane": what routing has to know couldn't be asked.
    `repeat`: what is produced from it may have been done before. `claimed_at` (ms) is fixed by the first claim and
    outlives its lease. `trace` is the caller's trace context, handed on in the record's headers.
    """

    identity: str
    notification_id: str
    user: str
    channel: str
    lane: str
    kind: str
    due_at: int
    topic: str
    key: str
    value: bytes
    repeat: bool = False
    claimed_at: int = 0
    trace: str = ""
