"""The due-time table after its database came back from a backup: what was put since then is put again, from the log.

Schedules and quiet hours follow from the decisions on the delivery topic, retries and dead letters from the failures on
the dlq, those of the critical lane from its outcomes. All identities are computed, so a row that is there stays as it
is, and doing it twice changes nothing. What the log shows to have gone out or been cancelled isn't put again, and rows
of the backup that have gone since are closed. Everything that will wait carries the `repeat` mark: if it went out after
all and nobody could see it here, that is found before it is sent.

    candidates  the rows that followed from what is on the log
    evidence    what shows that such a row has gone

To be run while nothing releases rows (beat and the retry workers are stopped): docs/runbook.md.
"""

from __future__ import annotations

import msgspec
from django.db import router, transaction

from delivery import parking
from delivery.models import DeadLetter
from delivery.parking import Parked
from delivery.rebuild.candidates import Candidates, collect
from delivery.rebuild.evidence import gone, search
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from notifications.due import table
from notifications.due.entry import DueEntry
from notifications.due.models import DueRow

WAITING = (DueRow.State.WAITING, DueRow.State.CLAIMED)
AT_ONCE = 500


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: rows put by kind, dead letters, rows of the backup that were closed; `gone`: not put again."""

    put: dict[str, int]
    parked: int
    closed: int
    gone: int


def rebuild(*, since: int = 0, dry_run: bool = False) -> Rebuilt:
    """Puts what should wait and isn't there, from records appended at or after `since` (ms; 0: all that are kept).

    Raises LogUnavailable, ControlPlaneUnavailable, StoreUnavailable (fallbacks are looked up there): run it again.
    """
    found = collect(since)
    there = _there()
    evidence = search([*found.entries.values(), *there.values()], since)
    left = {name: entry for name, entry in found.entries.items() if not gone(entry, evidence)}
    known = _known(left)
    fresh = [msgspec.structs.replace(entry, repeat=True) for name, entry in left.items() if name not in known]
    over = [name for name, entry in there.items() if gone(entry, evidence)]
    letters = _unknown_letters(found)
    if not dry_run:
        _write(fresh, letters, over)
    kinds: dict[str, int] = {}
    for entry in fresh:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    return Rebuilt(put=kinds, parked=len(letters), closed=len(over), gone=len(found.entries) - len(left))


def _there() -> dict[str, DueEntry]:
    """What waits by the backup's word."""
    names = DueEntry.__struct_fields__
    with control_plane():
        rows = DueRow.objects.filter(state__in=WAITING).values_list(*names)
        entries = [DueEntry(**dict(zip(names, row, strict=True))) for row in rows.iterator(chunk_size=AT_ONCE)]
    return {entry.identity: msgspec.structs.replace(entry, value=bytes(entry.value)) for entry in entries}


def _known(entries: dict[str, DueEntry]) -> set[str]:
    """Identities that the table has, in whatever state."""
    names = list(entries)
    known: set[str] = set()
    with control_plane():
        for start in range(0, len(names), AT_ONCE):
            rows = DueRow.objects.filter(pk__in=names[start : start + AT_ONCE])
            known |= set(rows.values_list("pk", flat=True))
    return known


def _unknown_letters(found: Candidates) -> list[Parked]:
    letters = {parking.letter_identity(each): each for each in found.parked}
    names = list(letters)
    with control_plane():
        for start in range(0, len(names), AT_ONCE):
            rows = DeadLetter.objects.filter(pk__in=names[start : start + AT_ONCE])
            for name in rows.values_list("pk", flat=True):
                del letters[name]
    return list(letters.values())


def _write(fresh: list[DueEntry], letters: list[Parked], over: list[str]) -> None:
    with control_plane(), transaction.atomic(using=router.db_for_write(DueRow)):
        for start in range(0, len(fresh), AT_ONCE):
            table.put(fresh[start : start + AT_ONCE])
        parking.park(letters)
        waiting = DueRow.objects.filter(state__in=WAITING)
        for start in range(0, len(over), AT_ONCE):
            closing = waiting.filter(pk__in=over[start : start + AT_ONCE])
            closing.update(state=DueRow.State.RELEASED, finished_at=now_ms(), lease_until=0)
        waiting.update(repeat=True)
