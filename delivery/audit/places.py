"""Where something may be in flight besides the log: the due-time table and the quarantine. As facts, streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db.models import Q

from delivery.audit.facts import WHOLE, Fact, InFlight, Told, facts_of
from delivery.control_plane import control_plane
from delivery.models import QuarantinedRecord
from foundation.errors import PoisonRecord
from notifications.due.models import DueRow
from notifications.log.port import LogRecord
from notifications.status import CANCELLED

ROWS_A_FETCH = 2_000
QUARANTINE = "quarantine"
JUST_RELEASED = "just released"

State = DueRow.State


def waiting(released_since: int, ids: Collection[str] | None = None) -> Iterator[InFlight]:
    """What the due-time table holds (of `ids`, where given), and what it let go at `released_since` (ms) or later."""
    held = Q(state__in=(State.WAITING, State.CLAIMED)) | Q(state=State.RELEASED, finished_at__gte=released_since)
    rows = DueRow.objects.filter(held).values_list("notification_id", "channel", "kind", "state")
    if ids is not None:
        rows = rows.filter(notification_id__in=ids)
    with control_plane():
        for id, channel, kind, state in rows.iterator(chunk_size=ROWS_A_FETCH):
            yield InFlight(id, channel, JUST_RELEASED if state == State.RELEASED else f"due: {kind}")


def cancelled() -> Iterator[Told]:
    """What was cancelled while it waited: the row itself is the outcome, until the tracker has been told."""
    rows = DueRow.objects.filter(state=State.CANCELLED).values_list("notification_id", "channel")
    with control_plane():
        for id, channel in rows.iterator(chunk_size=ROWS_A_FETCH):
            yield Told(id, channel, "", CANCELLED, 0, CANCELLED)


def quarantined(retried_since: int) -> Iterator[tuple[tuple[str, int, int], list[Fact]]]:
    """Each record that was put into the quarantine: its place on the log, and what is held there of notifications.

    What operators sent round again before `retried_since` (ms) stands on its topic once more, and isn't held here.
    """
    rows = QuarantinedRecord.objects.values_list("topic", "partition", "offset", "raw", "state", "changed_at")
    with control_plane():
        for topic, partition, offset, raw, state, changed_at in rows.iterator(chunk_size=ROWS_A_FETCH):
            held = state == QuarantinedRecord.State.KEPT or (changed_at or 0) >= retried_since
            record = LogRecord(topic, partition, offset, "", bytes(raw), {}, 0)
            yield (topic, partition, offset), _readable(record) if held else []


def _readable(record: LogRecord) -> list[Fact]:
    try:
        facts = list(facts_of(record))
    except PoisonRecord:
        return []
    return [InFlight(fact.id, getattr(fact, "channel", WHOLE), QUARANTINE) for fact in facts]
