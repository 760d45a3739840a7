"""Track: the delivery topic into the store. Schedule: what failed, to the due-time table or parked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from delivery import scheduling, tracking
from delivery.batch import Batch, BatchRecord
from delivery.stages.poison import set_aside
from delivery.stages.running import stage
from foundation.clock import now_ms
from foundation.errors import PoisonRecord
from notifications import reports
from notifications.due import table
from notifications.due.entry import DueEntry
from notifications.records import Failure, Reports, decode

R = TypeVar("R", Reports, Failure)


@stage("track", Batch, last=True)
def track(batch: Batch) -> None:
    marked = [(report, its.repeat) for record, its in _decoded(batch, Reports) for report in record.reports]
    tracking.track(marked, polled_at=batch.polled_at)


@stage("schedule", Batch, last=True)
def schedule(batch: Batch) -> None:
    """Rows first, reports after: a failure whose row is kept is reported again if we die between."""
    failures: dict[bool, list[Failure]] = {False: [], True: []}
    waiting: list[DueEntry] = []
    traces: dict[str, str] = {}
    for failure, its in _decoded(batch, Failure):
        if failure.waits:
            waiting.append(failure.waits)
            continue
        failures[its.repeat].append(failure)
        if its.trace:
            traces[failure.record.recipients[0].id] = its.trace
    if waiting:
        table.put(waiting)
    for repeat, group in failures.items():
        if group:
            made = scheduling.schedule(group, repeat=repeat, now=now_ms(), traces=traces)
            reports.produce(made, repeat=repeat, traces=traces)


def _decoded(batch: Batch, kind: type[R]) -> Iterator[tuple[R, BatchRecord]]:
    for record in batch.records:
        try:
            yield decode(kind, record.value), record
        except PoisonRecord as poison:
            set_aside(batch.topic, record, poison)
