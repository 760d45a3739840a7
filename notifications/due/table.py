"""The due-time table: put, claim under a lease, finish, cancel (design.md, "Deferred is one mechanism").

Every call is a batch and one transaction. Raises ControlPlaneUnavailable when the SQL database is away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When

from foundation.clock import now_ms
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import Conflict
from foundation.streaming import ROWS_A_STATEMENT, remove, streamed
from notifications.due.entry import DueEntry
from notifications.due.models import DueRow
from notifications.topology import LANES

__all__ = ["DueEntry", "bring_forward", "cancel", "claim", "finish", "purge", "put", "waiting"]

State = DueRow.State
_COLUMNS = DueEntry.__struct_fields__


@one_transaction
def put(entries: Sequence[DueEntry]) -> None:
    """Inserts `entries` durably; one whose identity is there already, in whatever state, changes nothing."""
    in_order = sorted(entries, key=lambda entry: entry.identity)  # who locks rows in one order can't meet in a deadlock
    rows = [DueRow(**{name: getattr(entry, name) for name in _COLUMNS}) for entry in in_order]
    DueRow.objects.bulk_create(rows, ignore_conflicts=True)


def claim(lanes: Sequence[str], *, now: int, limit: int, owner: str, lease_s: float) -> list[DueEntry]:
    """Up to `limit` rows that are due, the oldest first, and nobody else's for `lease_s`.

    A row whose lease ran out is given again, marked `repeat`: what its last owner made of it isn't known.
    """
    with control_plane():
        if not any(rows.exists() for rows in _claimable(lanes, now)):  # the usual tick takes no write lock
            return []
    return [_entry(row, now) for row in _take(lanes, now, limit, owner, now + int(lease_s * 1000))]


@one_transaction
def _take(lanes: Sequence[str], now: int, limit: int, owner: str, lease_until: int) -> list[DueRow]:
    taken: list[DueRow] = []
    for rows in _claimable(lanes, now):
        taken += rows.order_by("due_at").select_for_update(skip_locked=True)[: limit - len(taken)]
    # `repeat` and `claimed_at` first: MySQL sees in a SET what stands before it, and they ask for the state that was.
    DueRow.objects.filter(pk__in=[row.pk for row in taken]).update(
        repeat=Case(When(state=State.CLAIMED, then=Value(True)), default=F("repeat")),
        claimed_at=Case(When(claimed_at=0, then=Value(now, BigIntegerField())), default=F("claimed_at")),
        state=State.CLAIMED,
        owner=owner,
        lease_until=lease_until,
    )
    return taken


@one_transaction
def finish(identities: Sequence[str]) -> None:
    """These were produced: their rows stay as released."""
    DueRow.objects.filter(pk__in=identities, state=State.CLAIMED).update(
        state=State.RELEASED, finished_at=now_ms(), lease_until=0
    )


@one_transaction
def cancel(notification_id: str) -> list[dict[str, Any]]:
    """Cancels what still waits of a notification (contract §2, DELETE); says what, a dict per row, sorted by channel.

    Repeated, it gives the first answer. Raises Conflict when there was nothing left to cancel.
    """
    rows = DueRow.objects.filter(notification_id=notification_id)
    rows.filter(state=State.WAITING).update(state=State.CANCELLED, finished_at=now_ms())
    cancelled = list(rows.filter(state=State.CANCELLED).order_by("channel", "due_at"))
    if not cancelled:
        raise Conflict(
            "nothing of this notification is waiting any more",
            code="nothing_to_cancel",
            remedy="Only what is scheduled, deferred or waiting for a retry can be cancelled.",
        )
    names = ("channel", "kind", "due_at", "user", "notification_id")
    return [{name: getattr(row, name) for name in names} for row in cancelled]


@one_transaction
def bring_forward(user: str, now: int) -> int:
    """What waits of a user is due now, so that it is decided anew: who was erased gets none of it. How many rows."""
    rows = DueRow.objects.filter(user=user, state=State.WAITING, due_at__gt=now)
    found = list(rows.values_list("pk", flat=True))  # no index leads there: looked for without locking what is passed
    return DueRow.objects.filter(pk__in=found, state=State.WAITING).update(due_at=now)


def wake(kind: str, *, within_ms: int) -> int:
    """Makes due now what waits of this kind and would be due within `within_ms`; returns how many."""
    woken, now = 0, now_ms()
    rows = DueRow.objects.filter(state=State.WAITING, kind=kind, due_at__gt=now, due_at__lte=now + within_ms)
    while True:
        with control_plane():
            batch = list(rows.order_by("due_at").values_list("pk", flat=True)[:ROWS_A_STATEMENT])
            if not batch:
                return woken
            woken += DueRow.objects.filter(pk__in=batch, state=State.WAITING).update(due_at=now)


def waiting(*, chunk: int = ROWS_A_STATEMENT) -> Iterator[tuple[str, str, str, int]]:
    """Streams what is in flight here, claimed rows too: (notification id, channel, kind, due at)."""
    columns = ("notification_id", "channel", "kind", "due_at")
    return along_due(DueRow.objects.all(), (State.WAITING, State.CLAIMED), *columns, chunk=chunk)


def along_due(
    rows: QuerySet[DueRow], states: Sequence[str], *columns: str, chunk: int = ROWS_A_STATEMENT
) -> Iterator[tuple[Any, ...]]:
    """Streams `columns` of `rows` in `states`, along their index. Give the states in the order rows go through them:
    what moves on meanwhile is met twice rather than never.
    """
    for state in states:
        for lane in LANES:
            ours = rows.filter(state=state, lane=lane)
            yield from streamed(ours, *columns, along=("due_at", "identity"), chunk=chunk)


def purge(before: int) -> int:
    """Removes rows that were done before `before` (ms); returns how many."""
    return remove(DueRow.objects.filter(finished_at__lt=before))


def _claimable(lanes: Sequence[str], now: int) -> list[QuerySet[DueRow]]:
    """One query a lane and state, so that each walks its index in the order of `due_at`."""
    waiting_rows = DueRow.objects.filter(state=State.WAITING, due_at__lte=now)
    expired = DueRow.objects.filter(state=State.CLAIMED, due_at__lte=now, lease_until__lte=now)
    return [rows.filter(lane=lane) for lane in lanes for rows in (expired, waiting_rows)]


def _entry(row: DueRow, now: int) -> DueEntry:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["value"] = bytes(row.value)
    values["repeat"] = row.repeat or row.state == State.CLAIMED
    values["claimed_at"] = row.claimed_at or now
    return DueEntry(**values)
