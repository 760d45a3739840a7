"""An import from its upload to its end: parts, columns, batches. What came of it is in `results`.

A batch is taken and marked done in one transaction, so whoever is killed in the middle leaves it undone, and whoever
comes next goes on with it: nothing is taken twice, nothing is left out.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import IO, Any

import msgspec
from django.db.models import Q
from django.utils import timezone

from foundation.control_plane import control_plane, one_transaction
from foundation.errors import Conflict, InvalidRequest
from preferences.imports import mapping as columns
from preferences.imports import taking
from preferences.imports.parts import Parts
from preferences.imports.reading import Row, Rows, open_rows
from preferences.imports.taking import Taken
from preferences.models import ImportBatch, ImportPart, PeopleImport, StaticList

ROWS_A_BATCH = 1_000
BATCHES_A_STATEMENT = 20
LEASE = timedelta(seconds=30)
PREVIEWED = 5

State = PeopleImport.State
OPEN = (State.RUNNING, State.PAUSED)

_encode = msgspec.msgpack.Encoder().encode
_decode_rows = msgspec.msgpack.Decoder(list[tuple[int, list[Any], str]]).decode


def upload(file_name: str, *, by: str, to_list: StaticList | None = None) -> PeopleImport:
    """An import whose parts are to come."""
    return PeopleImport.objects.create(file_name=file_name[-200:], by=by, to_list=to_list)


@one_transaction
def add_part(job: PeopleImport, number: int, content: bytes) -> None:
    """A piece of the file; the same number again replaces it, so a lost answer is asked for again."""
    if job.state != State.UPLOADING:
        raise Conflict("This file is complete already.", code="complete", remedy="Start a new import.")
    ImportPart.objects.filter(of=job, number=number).delete()
    ImportPart.objects.create(of=job, number=number, content=content)


def finish_upload(job: PeopleImport, parts: int) -> PeopleImport:
    """All `parts` were sent: reads them into batches and guesses the columns. Raises InvalidRequest, Conflict."""
    if ImportPart.objects.filter(of=job, number__lt=parts).count() != parts:
        raise Conflict("A piece of the file didn't come in.", code="incomplete", remedy="Send the file again.")
    return read_in(job, Parts(job))


def read_in(job: PeopleImport, file: IO[bytes] | Parts) -> PeopleImport:
    """Reads a file into batches; `job` then waits for its columns. Raises InvalidRequest: then nothing was read.

    In short statements: a long file must not hold up who else writes. Until the last batch is there it isn't begun.
    """
    found: Rows = open_rows(file, job.file_name)  # type: ignore[arg-type]
    with control_plane():
        ImportBatch.objects.filter(of=job).delete()
        job.rows = _store(job, found.rows)
        job.header, job.state = found.header, State.MAPPING
        job.mapping = columns.guessed(found.header)
        job.save(update_fields=["rows", "header", "state", "mapping"])
        ImportPart.objects.filter(of=job).delete()
    return job


def _store(job: PeopleImport, rows: Iterator[Row]) -> int:
    total = number = 0
    batches: list[ImportBatch] = []
    while chunk := list(islice(rows, ROWS_A_BATCH)):
        content = zlib.compress(_encode(chunk), 1)
        batches.append(ImportBatch(of=job, number=number, rows=len(chunk), content=content))
        total, number = total + len(chunk), number + 1
        if len(batches) == BATCHES_A_STATEMENT:
            ImportBatch.objects.bulk_create(batches)
            batches = []
    ImportBatch.objects.bulk_create(batches)
    return total


def preview(job: PeopleImport, mapping: columns.Mapped) -> list[dict[str, Any]]:
    """The first rows as they would be taken: {line, change} or {line, why}."""
    batch = job.batches.order_by("number").first()
    shown: list[dict[str, Any]] = []
    for row in _rows(batch)[:PREVIEWED] if batch else ():
        try:
            if row.problem:
                raise InvalidRequest(row.problem)
            shown.append(
                {"line": row.line, "change": columns.change_of(dict(zip(job.header, row.cells, strict=True)), mapping)}
            )
        except InvalidRequest as error:
            shown.append({"line": row.line, "why": f"{error.detail} {error.remedy or ''}".strip()})
    return shown


@one_transaction
def start(job: PeopleImport, mapping: columns.Mapped) -> PeopleImport:
    """Lets it run under these columns. Raises InvalidRequest for columns that can't be meant, Conflict once it runs."""
    job.mapping = columns.checked(job.header, mapping, only_ids=job.to_list is not None)
    begun = PeopleImport.objects.filter(pk=job.pk, state=State.MAPPING)
    if not begun.update(state=State.RUNNING, mapping=job.mapping):
        raise Conflict("This import was started already.", code="started")
    job.refresh_from_db()
    return job


def steer(job: PeopleImport, state: str) -> bool:
    """Pauses, resumes or cancels it; whether that was possible. What is taken stays taken."""
    froms = {State.PAUSED: [State.RUNNING], State.RUNNING: [State.PAUSED]}.get(
        State(state), [State.UPLOADING, State.MAPPING, *OPEN]
    )
    ended = timezone.now() if state == State.CANCELLED else None
    with control_plane():
        return bool(PeopleImport.objects.filter(pk=job.pk, state__in=froms).update(state=state, finished_at=ended))


def advance(within_s: float) -> int:
    """Goes on with the imports that run, for about this long; how many batches. Called by beat, in any process."""
    until = time.monotonic() + within_s
    with control_plane():
        running = list(PeopleImport.objects.filter(state=State.RUNNING).order_by("pk"))
    done = 0
    for job in running:
        if _lease(job):
            done += run(job, lambda: time.monotonic() < until)
    return done


def run(
    job: PeopleImport, may_go_on: Callable[[], bool] = lambda: True, told: Callable[[int], None] = lambda rows: None
) -> int:
    """Takes its batches in order while `may_go_on`; how many. `told` hears of each batch's rows.

    Raises ControlPlaneUnavailable, `foundation.redis.Unreachable`: what is done stays done.
    """
    count = 0
    while may_go_on():
        with control_plane():
            batch = ImportBatch.objects.filter(of=job, of__state=State.RUNNING, done=False).order_by("number").first()
        if batch is None:
            _end(job)
            break
        _take(job, batch)
        count += 1
        told(batch.rows)
    PeopleImport.objects.filter(pk=job.pk).update(lease_until=None)
    return count


@one_transaction
def _take(job: PeopleImport, batch: ImportBatch) -> None:
    """A batch and its mark, or neither. Another that takes it at the same time waits here, and finds it done."""
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.done:
        return
    rows = _rows(locked)
    taken = (
        taking.take_members(rows, job.header, job.mapping, job.to_list)
        if job.to_list is not None
        else taking.take_users(rows, job.header, job.mapping)
    )
    _mark(locked, taken)
    PeopleImport.objects.filter(pk=job.pk).update(lease_until=timezone.now() + LEASE)


def _mark(batch: ImportBatch, taken: Taken) -> None:
    batch.added, batch.changed, batch.refused = taken.added, taken.changed, len(taken.bad)
    batch.bad = zlib.compress(_encode(sorted(taken.bad, key=lambda bad: bad.line)), 1) if taken.bad else b""
    batch.content, batch.done = b"", True
    batch.save()


def _lease(job: PeopleImport) -> bool:
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    with control_plane():
        rows = PeopleImport.objects.filter(free, pk=job.pk, state=State.RUNNING)
        return bool(rows.update(lease_until=timezone.now() + LEASE))


def _end(job: PeopleImport) -> None:
    if not ImportBatch.objects.filter(of=job, done=False).exists():
        ended = PeopleImport.objects.filter(pk=job.pk, state=State.RUNNING)
        ended.update(state=State.DONE, finished_at=timezone.now())


def _rows(batch: ImportBatch) -> list[Row]:
    return [Row(*each) for each in _decode_rows(zlib.decompress(bytes(batch.content)))]
