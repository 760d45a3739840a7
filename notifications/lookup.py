"""An accepted event by its id, read from the log: what is asked while the tracker hasn't passed it yet.

An id is a UUIDv7, so it says when it was drawn; the record was appended soon after, nearly always within half a second.
Only bytes are searched, the likely span first; only the record that holds the id is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings

from foundation.identifiers import is_of_broadcast
from notifications import idempotency
from notifications.log import get_log
from notifications.log.port import LogRecord
from notifications.records import Event, decode
from notifications.spool import owners
from notifications.spool.file import find
from notifications.topology import INTAKE_TOPICS

PREFIX = "notif_"
# Spans (ms) after the id was drawn: the usual; clocks that differ; a slow write, a repeat under the same key.
SPANS_MS = ((-50, 500), (-2_000, -50), (500, 40_000))


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
    """The event that was accepted under `id`, or None. What this machine's spools hold is found with the log away too.

    Raises LogUnavailable.
    """
    at = drawn_at(id)
    if at is None:
        return None
    if is_of_broadcast(id):
        return _of_broadcast(id)
    if (event := _spooled(id)) is not None:
        return event
    event = _search(id, at)
    if event is None and (later := idempotency.produced_again_at(id)):
        event = _search(id, later)
    return event


def _of_broadcast(id: str) -> Event | None:
    from notifications.broadcasts.history import event_of

    return event_of(id)


def _spooled(id: str) -> Event | None:
    for path in owners.spools(settings.SPOOL_FOLDER):
        if message := find(path, id):
            return decode(Event, message.value)
    return None


def _search(id: str, at: int) -> Event | None:
    wanted = id.encode()
    for span in SPANS_MS:
        for record in _appended(at + span[0], at + span[1]):
            if wanted in record.value:
                event = decode(Event, record.value)
                if any(recipient.id == id for recipient in event.recipients):
                    return event
    return None


def _appended(since: int, until: int) -> Iterator[LogRecord]:
    log = get_log()
    for topic in INTAKE_TOPICS:
        starts, ends = log.offset_at(topic, since), log.offset_at(topic, until)
        for partition, start in starts.items():
            if start < ends[partition]:
                yield from log.read(topic, partition, start, ends[partition])
