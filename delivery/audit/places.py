"""Where something may be in flight besides the log: the due-time table and the quarantine. As facts, streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db.models import Q

from delivery.audit.facts import WHOLE, Fact, InFlight, Told, facts_of
from delivery.models import QuarantinedRecord
from foundation.errors import PoisonRecord
from foundation.streaming import streamed
from notifications.due import table
from notifications.due.models import DueRow
from notifications.log.port import LogRecord
from notifications.status import CANCELLED

RECORDS_A_STATEMENT = 100  # each may be a whole record
QUARANTINE = "quarantine"
JUST_RELEASED = "just released"

State = DueRow.State


def waiting(released_since: int, ids: Collection[str] | None = None) -> Iterator[InFlight]:
    """What the due-time table holds (of `ids`, where given), and what it let go at `released_since` (ms) or later."""
    held = Q(state__in=(State.WAITING, State.CLAIMED)) | Q(state=State.RELEASED, finished_at__gte=released_since)
    rows = DueRow.objects.filter(held)
    states, columns = (State.WAITING, State.CLAIMED, State.RELEASED), ("notification_id", "channel", "kind", "state")
    if ids is None:
        found = table.along_due(rows, states, *columns)
    else:
        found = streamed(rows.filter(notification_id__in=ids), *columns)
    for id, channel, kind, state in found:
        yield InFlight(id, channel, JUST_RELEASED if state == State.RELEASED else f"due: {kind}")


def cancelled() -> Iterator[Told]:
    """What was cancelled while it waited: the row itself is the outcome, until the tracker has been told."""
    for id, channel in table.along_due(DueRow.objects.all(), (State.CANCELLED,), "notification_id", "channel"):
        yield Told(id, channel, "", CANCELLED, 0, CANCELLED)


def quarantined(retried_since: int) -> Iterator[tuple[tuple[str, int, int], list[Fact]]]:
    """Each record that was put into the quarantine: its place on the log, and what is held there of notifications.

    What operators sent round again before `retried_since` (ms) stands on its topic once more, and isn't held here.
    """
    columns = ("topic", "partition", "offset", "raw", "state", "changed_at")
    rows = streamed(QuarantinedRecord.objects.all(), *columns, chunk=RECORDS_A_STATEMENT)
    for topic, partition, offset, raw, state, changed_at in rows:
        held = state == QuarantinedRecord.State.KEPT or (changed_at or 0) >= retried_since
        record = LogRecord(topic, partition, offset, "", bytes(raw), {}, 0)
        yield (topic, partition, offset), _readable(record) if held else []


def _readable(record: LogRecord) -> list[Fact]:
    try:
        facts = list(facts_of(record))
    except PoisonRecord:
        return []
    return [InFlight(fact.id, getattr(fact, "channel", WHOLE), QUARANTINE) for fact in facts]
