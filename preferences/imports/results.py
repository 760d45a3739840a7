"""What came of an import: how far it is, its bad rows as a file, and when it is forgotten."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from foundation import csv_cells
from foundation.control_plane import control_plane
from foundation.streaming import remove
from preferences.imports.mapping import BAD_COLUMNS
from preferences.imports.taking import Bad
from preferences.models import ImportBatch, ImportPart, PeopleImport

KEPT_DAYS = 7
"""Not longer than the log keeps its records: what is erased must be gone from here too by then."""
AT_ONCE = 20
BLOBS_A_REMOVAL = 50

_decode_bad = msgspec.msgpack.Decoder(list[tuple[int, list[Any], str]]).decode


class Progress(msgspec.Struct, frozen=True):
    """How far an import is: rows of the file, those done with, and what became of them."""

    rows: int
    done: int
    added: int
    changed: int
    refused: int

    @property
    def percent(self) -> int:
        return 100 if not self.rows else self.done * 100 // self.rows


def progress(job: PeopleImport) -> Progress:
    """How far it is now."""
    with control_plane():
        sums = ImportBatch.objects.filter(of=job, done=True).aggregate(
            rows=Sum("rows"),
            added=Sum("added"),
            changed=Sum("changed"),
            refused=Sum("refused"),
        )
    return Progress(job.rows, sums["rows"] or 0, sums["added"] or 0, sums["changed"] or 0, sums["refused"] or 0)


def bad_rows(job: PeopleImport) -> Iterator[Bad]:
    """The rows that weren't taken, in the file's order, in bounded memory."""
    keys = list(ImportBatch.objects.filter(of=job, refused__gt=0).order_by("number").values_list("pk", flat=True))
    for key in keys:
        batch = ImportBatch.objects.get(pk=key)
        yield from (Bad(*each) for each in _decode_bad(zlib.decompress(bytes(batch.bad))))


def bad_file(job: PeopleImport) -> Iterator[bytes]:
    """The bad rows as a CSV that can be mended and sent again: its columns, then the line and why."""
    return csv_cells.lines([*job.header, *BAD_COLUMNS], (_as_cells(bad, len(job.header)) for bad in bad_rows(job)))


def _as_cells(bad: Bad, columns: int) -> Sequence[Any]:
    cells = [*bad.cells, *[""] * (columns - len(bad.cells))]
    return [*cells[:columns], bad.line, bad.why]


def purge() -> int:
    """Removes imports (with the bad rows they hold) KEPT_DAYS after they were made; how many. Running ones stay."""
    kept = min(timedelta(days=KEPT_DAYS), timedelta(hours=settings.ENV.LOG_RETENTION_HOURS))
    with control_plane():
        ended = PeopleImport.objects.exclude(state=PeopleImport.State.RUNNING)
        old = list(ended.filter(created_at__lt=timezone.now() - kept).values_list("pk", flat=True)[:AT_ONCE])
    for model in (ImportBatch, ImportPart):
        remove(model._base_manager.filter(of__in=old), at_once=BLOBS_A_REMOVAL)
    with control_plane():
        PeopleImport.objects.filter(pk__in=old).delete()
    return len(old)
