"""What may have been done before is checked against what is known of it (design.md, "What keeps it exact").

The bridge has let the tracker pass the end of the delivery topic as it was when the repeat began
(delivery/tracker_position.py), so what was reported by then is in the store. Unmarked records are never looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from delivery.known import reports_of
from delivery.orders import Failed, Job, counts, not_begun
from delivery.providers.dead_since import dated
from delivery.status import ATTEMPTING, DEFERRED, FAILED, IN_DOUBT, is_final, was_sent
from foundation.errors import StoreUnavailable
from notifications.records import FailedSend, Report
from notifications.store.port import LogEntry

COME_BACK_MS = 5_000


class Checked(msgspec.Struct):
    """`go`: to be sent (again). `failed`: whose failure is known, or in doubt. The rest is done; `known`: what is to be
    told of that, because the direct way told it to the store alone.
    """

    go: list[Job]
    failed: list[Failed]
    known: list[Report] = []


def check(jobs: Sequence[Job], *, resend_in_doubt: Sequence[str]) -> Checked:
    """Sorts the marked ones out. Where the store can't answer they come back later, not begun."""
    if not any(job.repeat for job in jobs):
        return Checked(list(jobs), [])
    checked = Checked([job for job in jobs if not job.repeat], [])
    marked = _once([job for job in jobs if job.repeat], {_try(job) for job in checked.go})
    try:
        known = _cells(marked)
    except StoreUnavailable as error:
        checked.failed += [not_begun(job, f"what was done before isn't known: {error}", COME_BACK_MS) for job in marked]
        return checked
    for job in marked:
        cells = known.get((job.recipient.id, job.record.channel), ())
        _sort(job, cells, checked, resend_in_doubt)
    return checked


def _try(job: Job) -> tuple[str, int]:
    return job.order.send.id, job.record.attempt


def _once(jobs: Sequence[Job], seen: set[tuple[str, int]]) -> list[Job]:
    """Those of `jobs` that aren't in the same batch already: two copies of a record can meet in one."""
    first: list[Job] = []
    for job in jobs:
        if _try(job) not in seen:
            seen.add(_try(job))
            first.append(job)
    return first


def _sort(job: Job, cells: Sequence[LogEntry], checked: Checked, resend_in_doubt: Sequence[str]) -> None:
    """One marked job: done, failed as known, in doubt, or to be sent."""
    send, attempt = job.order.send.id, job.record.attempt
    mine = [cell for cell in cells if cell.send in (send, "")]
    now = [cell for cell in mine if cell.attempt == attempt]
    if any(was_sent(cell.status) for cell in mine) or any(is_final(cell.status) for cell in now):
        if job.record.lane == "critical":  # routing tells it as a rule, but the store may have been away then
            checked.known += reports_of(mine)
        return
    tried = next((cell for cell in now if cell.send and _ended(cell, job.record.hop)), None)
    if tried is not None:
        checked.failed.append(Failed(job, _as_known(job, tried)))
    elif not any(cell.status == ATTEMPTING for cell in now) or job.record.priority in resend_in_doubt:
        checked.go.append(job)
    else:
        why = "Begun before, and how that ended isn't known."
        checked.failed.append(Failed(job, FailedSend(send=job.order.send, error="in_doubt", detail=why)))


def _ended(cell: LogEntry, hop: int) -> bool:
    """Whether this try is known to have failed, or to have been put off (this time, not an earlier one)."""
    if cell.status == DEFERRED:
        return cell.detail.get("stamps", {}).get("hop", 0) >= hop
    return cell.status in (FAILED, IN_DOUBT)


def _as_known(job: Job, cell: LogEntry) -> FailedSend:
    error = cell.detail.get("error") or ("in_doubt" if cell.status == IN_DOUBT else "transient")
    return FailedSend(
        send=job.order.send,
        error=error,
        detail=cell.detail.get("detail", ""),
        provider=cell.detail.get("provider") or job.account,
        provider_code=dated("", cell.at) if error == "permanent_address" else "",
        counts=counts(error),
    )


def _cells(jobs: Sequence[Job]) -> Mapping[tuple[str, str], list[LogEntry]]:
    from notifications.store import get_store

    return get_store().cells({(job.recipient.id, job.record.channel) for job in jobs})
