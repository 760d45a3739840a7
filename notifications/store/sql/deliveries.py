"""The delivery log and the decisions in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from notifications.records import Decision
from notifications.store.identity import made_for
from notifications.store.models import DecisionDetails, DeliveryCell
from notifications.store.port import Details, LogEntry
from notifications.store.sql.connection import ALIAS, portions, reachable, write

# After rank and time the rest is compared only so that the same cells come out whatever the order of writing.
RECORD = """INSERT INTO delivery_log
    (notification, channel, send, attempt, user, status, rank, at, detail)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (notification, channel, send, attempt) DO UPDATE SET
        user = excluded.user, status = excluded.status, rank = excluded.rank, at = excluded.at, detail = excluded.detail
    WHERE (excluded.rank, excluded.at, excluded.status, excluded.detail) > (rank, at, status, detail)"""

RECORD_DETAILS = """INSERT INTO notification_details
    (notification, made_for, user, at, decision, tracked_at)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (notification, made_for) DO NOTHING"""

_encode = msgspec.json.Encoder().encode
_decode_decision = msgspec.json.Decoder(Decision).decode
_decode_detail = msgspec.json.Decoder(dict[str, Any]).decode


class SqlDeliveries:
    """The half of the port that holds what was decided, tried, and came of it."""

    def record(self, entries: Sequence[LogEntry], details: Sequence[Details] = ()) -> None:
        decisions = [_details_columns(one) for one in details]
        write((RECORD_DETAILS, decisions), (RECORD, [_cell_columns(entry) for entry in entries]))

    def record_details(self, details: Sequence[Details]) -> None:
        self.record((), details)

    def details(self, ids: Collection[str]) -> dict[str, list[Details]]:
        found: dict[str, list[Details]] = defaultdict(list)
        with reachable():
            for some in portions(ids):
                rows = DecisionDetails.objects.using(ALIAS).filter(notification__in=some)
                for row in rows.order_by("at", "tracked_at", "made_for"):
                    found[row.notification].append(_details(row))
        return dict(found)

    def timelines(self, ids: Collection[str]) -> dict[str, list[LogEntry]]:
        found: dict[str, list[LogEntry]] = defaultdict(list)
        for entry in _cells(ids):
            found[entry.id].append(entry)
        return dict(found)

    def cells(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], list[LogEntry]]:
        wanted = set(keys)
        found: dict[tuple[str, str], list[LogEntry]] = defaultdict(list)
        for entry in _cells({notification for notification, _ in wanted}):
            if (entry.id, entry.channel) in wanted:
                found[entry.id, entry.channel].append(entry)
        return dict(found)

    def user_timeline(self, user: str, *, limit: int, before: int | None = None) -> list[Details]:
        rows = DecisionDetails.objects.using(ALIAS).filter(user=user)
        if before is not None:
            rows = rows.filter(at__lt=before)
        with reachable():
            return [_details(row) for row in rows.order_by("-at", "-notification", "made_for")[:limit]]


def _cells(ids: Collection[str]) -> Iterable[LogEntry]:
    with reachable():
        for some in portions(ids):
            rows = DeliveryCell.objects.using(ALIAS).filter(notification__in=some)
            for row in rows.order_by("at", "channel", "send", "attempt"):
                yield _cell(row)


def _cell_columns(entry: LogEntry) -> tuple[Any, ...]:
    return (
        entry.id,
        entry.channel,
        entry.send,
        entry.attempt,
        entry.user,
        entry.status,
        entry.rank,
        entry.at,
        _encode(entry.detail),
    )


def _cell(row: DeliveryCell) -> LogEntry:
    return LogEntry(
        id=row.notification,
        user=row.user,
        channel=row.channel,
        send=row.send,
        attempt=row.attempt,
        status=row.status,
        rank=row.rank,
        at=row.at,
        detail=_decode_detail(row.detail),
    )


def _details_columns(details: Details) -> tuple[Any, ...]:
    decision = details.decision
    return (
        decision.id,
        made_for(decision),
        decision.user,
        decision.event.now,
        _encode(decision),
        details.tracked_at,
    )


def _details(row: DecisionDetails) -> Details:
    return Details(decision=_decode_decision(row.decision), tracked_at=row.tracked_at)
