"""Dead letters replayed or dropped at a rate, by a durable job that beat's tick works on (contract §5).

    start   parked letters become `queued` and belong to the job; nothing has gone yet
    tick    so many as the rate allows become `releasing`, go, and are `replayed` or `dropped`
    stop    the rest waits; resume goes on; undo gives what is still queued back to the parked

Whoever ticks has the job alone under a lease. Killed between sending and saying so it leaves letters `releasing`: the
next one sends them again, as repeats under the same attempt, which what was sent already takes for what they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Q, QuerySet

from delivery import dead_letters
from delivery.models import DeadLetter, LetterJob
from foundation.clock import now_ms
from foundation.control_plane import control_plane, one_transaction
from foundation.errors import Conflict, InvalidRequest

Action, Job = LetterJob.Action, LetterJob.State
Letter = DeadLetter.State

MOST_LETTERS = 10_000
RATES = (1, 1_000)
A_TICK = 500
CATCHES_UP_MS = 2_000  # a tick that came late makes up for this much
LEASE_MS = 20_000
MARK_AT_ONCE = 500
WHAT_MAX = 190


@one_transaction
def start(
    letters: QuerySet[DeadLetter], *, action: str, what: str, rate: int, why: str, by: str, most: int = MOST_LETTERS
) -> LetterJob:
    """Queues up to `most` of `letters` that are parked, the oldest first; `what` says in words which they are.

    Raises InvalidRequest for a rate out of RATES, no reason, or nothing parked; ControlPlaneUnavailable.
    """
    if not RATES[0] <= rate <= RATES[1]:
        raise InvalidRequest(f"{rate} is no rate", field="rate", remedy=f"From {RATES[0]} to {RATES[1]} letters/s.")
    if not why.strip():
        raise InvalidRequest("a job says why", field="why", remedy="A sentence for whoever reads it later.")
    chosen = letters.filter(state=Letter.PARKED).order_by("last_at", "pk").values_list("pk", flat=True)
    identities = list(chosen[: min(most, MOST_LETTERS)])
    if not identities:
        raise InvalidRequest("none of these is parked any more", field="letters", remedy="Look at the list again.")
    now = now_ms()
    job = LetterJob.objects.create(
        action=action, what=what[:WHAT_MAX], rate=rate, why=why, by=by, at=now, pace_until=now, total=0
    )
    job.total = sum(_queue(part, job) for part in _parts(identities))
    LetterJob.objects.filter(pk=job.pk).update(total=job.total)
    return job


def stop(job: LetterJob) -> None:
    """Nothing more goes until `resume`; what is going now still does. Raises Conflict if it isn't running."""
    _turn(job, {Job.RUNNING}, Job.STOPPED)


def resume(job: LetterJob) -> None:
    """Goes on where it stopped. Raises Conflict if it isn't stopped."""
    _turn(job, {Job.STOPPED}, Job.RUNNING, pace_until=now_ms())


@one_transaction
def undo(job: LetterJob) -> int:
    """Gives what hasn't gone back to the parked; returns how many. Raises Conflict if it is over."""
    _turn(job, {Job.RUNNING, Job.STOPPED}, Job.UNDONE, finished_at=now_ms())
    return DeadLetter.objects.filter(job=job, state=Letter.QUEUED).update(state=Letter.PARKED, job=None)


def tick() -> int:
    """Releases for every job that runs what its rate allows now; returns how many letters went.

    Raises LogUnavailable, StoreUnavailable, ControlPlaneUnavailable: the rest goes with a later tick.
    """
    left_by_the_killed = Q(lease_until__gt=0)
    with control_plane():
        jobs = list(LetterJob.objects.filter(Q(state=Job.RUNNING) | left_by_the_killed))
    return sum(_work_on(job) for job in jobs)


def due(pace_until: int, rate: int, now: int) -> tuple[int, int]:
    """(how many letters may go at `now`, up to when the rate is used up then), in ms. Pure."""
    since = max(pace_until, now - CATCHES_UP_MS)
    count = min(A_TICK, max(0, now - since) * rate // 1_000)
    return count, since + count * 1_000 // rate


def progress(job: LetterJob) -> dict[str, int | str]:
    """How far it is: the letters by where they are."""
    left = job.total - job.done - job.skipped
    return {
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "skipped": job.skipped,
        "left": left,
        "problem": job.problem,
        "seconds": left // job.rate if job.state == Job.RUNNING else 0,
    }


def _work_on(job: LetterJob) -> int:
    now = now_ms()
    if not _lease(job, now):
        return 0
    orphans = list(DeadLetter.objects.filter(job=job, state=Letter.RELEASING)[:A_TICK])
    count, until = due(job.pace_until, job.rate, now) if job.state == Job.RUNNING else (0, job.pace_until)
    letters = [*orphans, *_claim(job, count - len(orphans))]
    done, skipped, problem = _send(job, letters) if letters else (0, 0, "")
    _note(job, done, skipped, problem, until)
    return done


def _lease(job: LetterJob, now: int) -> bool:
    """Takes the job for LEASE_MS, unless somebody has it."""
    with control_plane():
        free = LetterJob.objects.filter(pk=job.pk, lease_until__lte=now)
        return bool(free.update(lease_until=now + LEASE_MS))


@one_transaction
def _claim(job: LetterJob, count: int) -> list[DeadLetter]:
    """The next letters to go, if it still runs: an undo from here on finds them gone."""
    if count <= 0 or not LetterJob.objects.filter(pk=job.pk, state=Job.RUNNING).exists():
        return []
    queued = DeadLetter.objects.filter(job=job, state=Letter.QUEUED).order_by("last_at", "pk")
    identities = list(queued.values_list("pk", flat=True)[:count])
    mine = DeadLetter.objects.filter(pk__in=identities, state=Letter.QUEUED)
    mine.update(state=Letter.RELEASING)
    return list(DeadLetter.objects.filter(pk__in=identities, state=Letter.RELEASING).order_by("last_at", "pk"))


def _send(job: LetterJob, letters: Sequence[DeadLetter]) -> tuple[int, int, str]:
    """(gone, skipped, why the first was skipped)."""
    if job.action == Action.DROP:
        return dead_letters.drop_batch(letters, why=job.why), 0, ""
    result = dead_letters.Done()
    dead_letters.replay_batch(letters, result)
    if result.skipped:
        identities = [identity for identity, _ in result.skipped]
        with control_plane():
            DeadLetter.objects.filter(pk__in=identities).update(state=Letter.PARKED, job=None)
    return result.done, len(result.skipped), result.skipped[0][1] if result.skipped else ""


@one_transaction
def _note(job: LetterJob, done: int, skipped: int, problem: str, until: int) -> None:
    row = LetterJob.objects.filter(pk=job.pk)
    row.update(done=F("done") + done, skipped=F("skipped") + skipped, pace_until=until, lease_until=0)
    if problem:
        row.update(problem=problem[:WHAT_MAX])
    if not DeadLetter.objects.filter(job=job, state__in=(Letter.QUEUED, Letter.RELEASING)).exists():
        row.filter(state=Job.RUNNING).update(state=Job.DONE, finished_at=now_ms())


def _queue(identities: Sequence[str], job: LetterJob) -> int:
    parked = DeadLetter.objects.filter(pk__in=identities, state=Letter.PARKED)
    return parked.update(state=Letter.QUEUED, job=job)


@one_transaction
def _turn(job: LetterJob, before: set[str], after: str, **values: int) -> None:
    """One state to the next; saved as a change of the row, so that the audit trail has it."""
    row = LetterJob.objects.select_for_update().get(pk=job.pk)
    if row.state not in before:
        raise Conflict(f"the job is {row.get_state_display()}", remedy="Look at it again.")
    for name, value in {"state": after, **values}.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *values])


def _parts(identities: Sequence[str]) -> list[Sequence[str]]:
    return [identities[start : start + MARK_AT_ONCE] for start in range(0, len(identities), MARK_AT_ONCE)]
