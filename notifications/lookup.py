"""An accepted event by its id, read from the log: the last resort when neither the store nor Redis knows it yet.

An id is a UUIDv7, so it says when it was drawn; the record was appended soon after. Only the bytes are searched, and
only a record that holds the id is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from notifications.log import get_log
from notifications.log.port import LogRecord
from notifications.records import Event, decode
from notifications.topology import INTAKE_TOPICS

PREFIX = "notif_"
CLOCKS_DIFFER_MS = 2_000
# An idempotent repeat produces an id up to 30 s after it was drawn.
SEARCHED_MS = 40_000


def drawn_at(id: str) -> int | None:
    """When `id` was drawn (ms), None if it isn't one of ours."""
    digits = id.removeprefix(PREFIX)
    if digits == id or len(digits) != 32:
        return None
    try:
        return UUID(hex=digits).int >> 80
    except ValueError:
        return None


def find_event(id: str) -> Event | None:
    """The event that was accepted under `id`, or None. Raises LogUnavailable."""
    at = drawn_at(id)
    if at is None:
        return None
    wanted = id.encode()
    for record in _around(at):
        if wanted in record.value:
            event = decode(Event, record.value)
            if any(recipient.id == id for recipient in event.recipients):
                return event
    return None


def _around(at: int) -> Iterator[LogRecord]:
    log = get_log()
    for topic in INTAKE_TOPICS:
        starts = log.offset_at(topic, at - CLOCKS_DIFFER_MS)
        ends = log.offset_at(topic, at + SEARCHED_MS)
        for partition, start in starts.items():
            yield from log.read(topic, partition, start, ends[partition])
