"""The tracker: reports from `notifications.delivery` into the store (contract §5, §6).

A batch is folded in memory first: an attempt begun and ended in it becomes one cell. Then comes one write of decisions
and cells. It is idempotent and by rank, so repeats, and halves of a batch done before, change nothing.

Where a report's cell stands, in (notification, channel, send, attempt):
    a drop or deferral decided by routing      send "", attempt 0
    attempting, outcome                        the send (or "" for the whole delivery), its attempt
    a receipt                                  the send, minus the status' rank: receipts name no attempt, and each kind
                                               keeps a cell of its own, so that a timeline shows delivered and opened
That a delivery is pending is said by its decision alone: no cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from delivery import feed, summary, tallies
from foundation.clock import now_ms
from foundation.errors import PoisonRecord
from notifications.records import Attempting, Decision, Outcome, Receipt, Report
from notifications.status import ATTEMPTING, DEFERRED, DROPPED, MEANING, RANK
from notifications.store import get_store
from notifications.store.port import Details, LogEntry

DECIDED_STATUS = {"drop": DROPPED, "defer": DEFERRED}
DECISION_ATTEMPT = 0

_encode = msgspec.json.Encoder(order="deterministic").encode

Key = tuple[str, str, str, int]
Cells = dict[Key, LogEntry]


def track(reports: Sequence[tuple[Report, bool]], *, polled_at: int) -> None:
    """Makes `reports` (each with its `repeat` mark) durable in the store; `polled_at` (ms) is when they were read.

    Raises StoreUnavailable when nothing may have been kept, PoisonRecord for a status that isn't in the table.
    """
    stamps = {"tracker_polled": polled_at, "tracked": now_ms()}
    decisions, cells = fold([report for report, _ in reports], stamps)
    details = [Details(decision=decision, tracked_at=stamps["tracked"]) for decision in decisions]
    get_store().record(list(cells.values()), details)
    summary.note([report for report, _ in reports])
    first_time = [report for report, repeat in reports if not repeat]
    tallies.count(first_time)
    feed.publish(first_time, tracked_at=stamps["tracked"])


def fold(reports: Sequence[Report], stamps: dict[str, int]) -> tuple[list[Decision], Cells]:
    """The decisions in order, and one cell for each key: the highest rank, of equals the later. Pure.

    A broadcast's `Decided` has no rows here: its ledger has it (delivery/broadcasts/folding.py).
    """
    decisions: list[Decision] = []
    cells: Cells = {}
    for report in reports:
        if isinstance(report, Outcome):
            _keep(cells, _of_outcome(report, stamps))
        elif isinstance(report, Attempting):
            _keep_attempting(cells, report)
        elif isinstance(report, Decision):
            decisions.append(report)
            _keep_decided(cells, report)
        elif isinstance(report, Receipt):
            _keep(cells, _of_receipt(report))
    return decisions, cells


def _keep(cells: Cells, entry: LogEntry) -> None:
    key = (entry.id, entry.channel, entry.send, entry.attempt)
    there = cells.get(key)
    if there is None or _wins(entry, there):
        cells[key] = entry


def _wins(entry: LogEntry, there: LogEntry) -> bool:
    """As the store decides: rank, time, and the rest only so that the order of coming says nothing."""
    if entry.rank != there.rank:
        return entry.rank > there.rank
    return (entry.at, _encode(entry.detail)) > (there.at, _encode(there.detail))


def _keep_attempting(cells: Cells, report: Attempting) -> None:
    for notification, user, channel, send, attempt in report.rows:
        rank = _rank(channel, ATTEMPTING)
        # Put off or accepted ranks below it: the same attempt may have waited before it was begun.
        there = cells.get((notification, channel, send, attempt))
        if there is None or there.rank <= rank:
            entry = LogEntry(
                id=notification,
                user=user,
                channel=channel,
                send=send,
                attempt=attempt,
                status=ATTEMPTING,
                rank=rank,
                at=report.at,
            )
            _keep(cells, entry)


def _keep_decided(cells: Cells, decision: Decision) -> None:
    for verdict in decision.channels:
        status = DECIDED_STATUS.get(verdict.verdict)
        if status is not None:
            entry = LogEntry(
                id=decision.id,
                user=decision.user,
                channel=verdict.channel,
                send="",
                attempt=DECISION_ATTEMPT,
                status=status,
                rank=_rank(verdict.channel, status),
                at=decision.at,
                detail=_filled(reason=verdict.reason, detail=verdict.detail, setting=verdict.setting, due=verdict.due),
            )
            _keep(cells, entry)


def _of_outcome(report: Outcome, stamps: dict[str, int]) -> LogEntry:
    rank = _rank(report.channel, report.status)
    return LogEntry(
        id=report.id,
        user=report.user,
        channel=report.channel,
        send=report.send,
        attempt=report.attempt,
        status=MEANING[report.channel, report.status],
        rank=rank,
        at=report.at,
        detail=_filled(
            reason=report.reason,
            detail=report.detail,
            error=report.error,
            provider=report.provider,
            provider_id=report.provider_id,
            due=report.due,
            started_at=report.started_at,
            stamps={**report.stamps, **stamps},
        ),
    )


def _of_receipt(report: Receipt) -> LogEntry:
    rank = _rank(report.channel, report.status)
    return LogEntry(
        id=report.id,
        user=report.user,
        channel=report.channel,
        send=report.send,
        attempt=-rank,
        status=MEANING[report.channel, report.status],
        rank=rank,
        at=report.at,
        detail=_filled(provider=report.provider, detail=report.detail),
    )


def _rank(channel: str, status: str) -> int:
    try:
        return RANK[channel, status]
    except KeyError:
        raise PoisonRecord(f"no such status: {status!r} on {channel!r}", repr((channel, status)).encode()) from None


def _filled(**parts: Any) -> dict[str, Any]:
    """Those parts that say something."""
    return {name: value for name, value in parts.items() if value}
