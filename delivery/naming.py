"""What a batch holds, for log lines: (notification id, trace context), read only when a line is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from delivery.batch import Batch, BatchRecord, Envelope, RoutedBatch, ToldBatch
from foundation.errors import PoisonRecord
from notifications.records import Attempting, ChannelRecord, Event, Failure, Reports, decode
from notifications.topology import DELIVERY, DLQ, INTAKE_TOPICS


def named(batch: Envelope) -> Iterator[tuple[str, str]]:
    """The notifications of `batch`, in its order. Raises nothing: what can't be read has no name."""
    if isinstance(batch, Batch):
        for record in batch.records:
            yield from ((id, record.trace) for id in _ids(batch.topic, record))
    elif isinstance(batch, RoutedBatch):
        yield from ((routed.id, routed.trace) for routed in batch.routed)
    elif isinstance(batch, ToldBatch):
        ids = dict.fromkeys(id for told in batch.told for report in told.reports for id in ids_of(report))
        yield from ((id, batch.traces.get(id, "")) for id in ids)


def ids_of(report: Any) -> list[str]:
    """The notifications a report tells of."""
    return [row[0] for row in report.rows] if isinstance(report, Attempting) else [report.id]


def _ids(topic: str, record: BatchRecord) -> list[str]:
    try:
        if topic == DELIVERY:
            return [id for report in decode(Reports, record.value).reports for id in ids_of(report)]
        if topic == DLQ:
            return [each.id for each in decode(Failure, record.value).record.recipients]
        if topic in INTAKE_TOPICS:
            return [each.id for each in decode(Event, record.value).recipients]
        return [each.id for each in decode(ChannelRecord, record.value).recipients]
    except PoisonRecord:
        return []
