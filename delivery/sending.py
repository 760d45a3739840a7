"""Sending: channel records to a provider, and what became of each (push, email, SMS).

In rounds: what breaker and bucket let through is written down as attempted, in one burst, then sent; the accounts of
a channel at once. A batch never waits for a provider (design.md): what got no token within `PATIENCE_MS`, or has not
begun `BEGIN_WITHIN_MS` after the batch started, comes back later without having cost an attempt.

Where a channel has several accounts, a send whose account is shut, refuses us or asks to wait goes over another at
once: none of these has taken it. What failed in another way, or is in doubt, is for the retry scheduler.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import msgspec
import structlog
from django.conf import settings

from delivery import breaker, buckets, orders, refusals, repeats, ways
from delivery.failover import Traffic
from delivery.orders import Failed, Job
from delivery.providers.port import NotBegun, Result, Taken
from delivery.providers.registry import get_provider
from delivery.retries import BREAKER_OPEN
from delivery.telling import Tell
from foundation import meters
from foundation.clock import now_ms
from foundation.errors import Ambiguous, DeadlinePassed, Misconfigured, ProviderError, ProviderRateLimited, Transient
from notifications import reports
from notifications.records import ChannelRecord, Failure, Report

PATIENCE_MS = 2_000
BEGIN_WITHIN_MS = 5_000
LONGEST_NAP_MS = 250
PARALLEL_ACCOUNTS = 4
# What speaks against the provider itself; a refusal for good is an answer like any other.
_ITS_FAULT = (Transient, Ambiguous)

log = structlog.get_logger(__name__)


class Delivered(msgspec.Struct):
    """What a batch came to: `reports` for the delivery topic, `failures` for the dead letter queue."""

    reports: list[Report]
    failures: list[Failure]


class _Line(msgspec.Struct):
    """The sends waiting for one account in one lane."""

    account: str
    lane: str
    jobs: list[Job]
    repeat: bool


class _Run(msgspec.Struct):
    """One batch under way: what came of it so far, and its times (ms)."""

    started: int
    begin_by: int
    deadline: int
    patient_until: int
    tell: Tell
    traffic: Traffic
    reports: list[Report] = []
    failed: list[Failed] = []
    moved: list[Job] = []


def deliver(
    channel: str,
    items: Sequence[tuple[ChannelRecord, bool]],
    *,
    deadline: int,
    started: int,
    tell: Tell = reports.produce,
) -> Delivered:
    """Sends `items` (record, may be a repeat) of `channel` ("push", "email", "sms"); times in ms.

    Nothing is begun at or after `deadline`: raises DeadlinePassed, and whoever gets the batch next goes on. What is
    attempted is durable before it is sent, on the delivery topic or where else `tell` puts it; raises what `tell` does.
    Marked items are checked first, so that the same batch again sends nothing twice.
    """
    now = now_ms()
    if now >= deadline:
        raise DeadlinePassed(f"{channel}: {len(items)} records")
    begin_by, patient_until = min(now + BEGIN_WITHIN_MS, deadline), min(now + PATIENCE_MS, deadline)
    run = _Run(started, begin_by, deadline, patient_until, tell, Traffic(channel))
    jobs, expired = orders.expand(items, deadline=deadline, now=now, account=run.traffic.account)
    if expired:
        run.reports += orders.expired_outcomes(expired, now)
    checked = repeats.check(jobs, resend_in_doubt=settings.IN_DOUBT_RESEND)
    run.reports += checked.known
    run.failed += checked.failed
    _send_all(_lines(checked.go), run)
    at = now_ms()
    run.reports += [orders.failed_outcome(each, at) for each in run.failed]
    return Delivered(run.reports, orders.failures(run.failed, at) if run.failed else [])


def _lines(jobs: Iterable[Job]) -> list[_Line]:
    lines: dict[tuple[str, str, bool], _Line] = {}
    for job in jobs:
        place = (job.account, job.record.lane, job.repeat)
        line = lines.get(place)
        if line is None:
            line = lines[place] = _Line(job.account, job.record.lane, [], job.repeat)
        line.jobs.append(job)
    return list(lines.values())


def _send_all(lines: list[_Line], run: _Run) -> None:
    while lines:
        naps: list[int] = []
        bursts: list[_Line] = []
        for line in lines:
            burst, nap = _take(line, run)
            naps.append(nap)
            if burst:
                bursts.append(_Line(line.account, line.lane, burst, line.repeat))
        if bursts:
            _burst(bursts, run)
        lines = [line for line in lines if line.jobs] + _lines(run.moved)
        is_stuck = not bursts and not run.moved
        run.moved = []
        if lines and is_stuck:
            time.sleep(min(max(min(naps), 1), LONGEST_NAP_MS) / 1_000)


def _take(line: _Line, run: _Run) -> tuple[list[Job], int]:
    """The jobs of `line` that may begin now, and ms to wait for more; what has no hope left is put among the failed."""
    now = now_ms()
    if now >= run.begin_by:
        _postpone(line, run, "the batch's time was over")
        return [], 0
    admission = breaker.admit(line.account, len(line.jobs))
    if admission.admitted < len(line.jobs):
        line.jobs[admission.admitted :] = [job for job in line.jobs[admission.admitted :] if not _move(job, run)]
    if not admission.admitted:
        why = f"{line.account} is shut ({admission.state})"
        run.failed += [orders.not_begun(job, why, admission.wait_ms, error=BREAKER_OPEN) for job in line.jobs]
        line.jobs = []
        return [], 0
    grant = buckets.take(line.account, line.lane, admission.admitted)
    burst, line.jobs = line.jobs[: grant.granted], line.jobs[grant.granted :]
    if line.jobs and grant.granted < admission.admitted and now + grant.wait_ms >= run.patient_until:
        _postpone(line, run, f"{line.account} has no room left at its rate")
    return burst, grant.wait_ms


def _move(job: Job, run: _Run) -> bool:
    """Whether the job goes over another account, which gets it in the next round."""
    shut_out = (*job.shut_out, job.account)
    other = run.traffic.other(job.record, job.order.send, shut_out)
    if other is not None:
        run.moved.append(msgspec.structs.replace(job, account=other, shut_out=shut_out))
    return other is not None


def _postpone(line: _Line, run: _Run, why: str) -> None:
    """What remains of `line` comes back at the account's rate; past the deadline somebody else does it."""
    if now_ms() >= run.deadline:
        raise DeadlinePassed(f"{len(line.jobs)} sends to {line.account} weren't begun")
    first, apart = buckets.postpone(line.account, len(line.jobs))
    run.failed += [orders.not_begun(job, why, int(first + place * apart)) for place, job in enumerate(line.jobs)]
    line.jobs = []


def _burst(bursts: Sequence[_Line], run: _Run) -> None:
    """Writes down what is attempted, then sends; nothing is begun at or after the deadline."""
    at = now_ms()
    for repeat in {line.repeat for line in bursts}:
        jobs = [job for line in bursts if line.repeat is repeat for job in line.jobs]
        run.tell([orders.attempting(jobs, at)], repeat=repeat)
    if now_ms() >= run.deadline:
        raise DeadlinePassed("between writing down and sending")
    for line, results in zip(bursts, _results(bursts), strict=True):
        _settle(line, results, run)


def _results(bursts: Sequence[_Line]) -> list[list[Result]]:
    if len(bursts) == 1:
        return [_send(bursts[0])]
    return list(_threads().map(_send, bursts))


def _send(line: _Line) -> list[Result]:
    try:
        with meters.timed(meters.PROVIDER.labels(line.account)):
            return get_provider(line.account).send([job.order for job in line.jobs])
    except ProviderError as error:
        return [error] * len(line.jobs)
    except Exception as error:  # what the other accounts took in this burst isn't lost with it, nor sent again
        log.exception("provider_failed", account=line.account, error=type(error).__name__)
        return [Ambiguous(f"the adapter failed with {type(error).__name__}; see the log")] * len(line.jobs)


def _settle(line: _Line, results: Sequence[Result], run: _Run) -> None:
    """What each result means for its send, and all of them for the account. Not begun says nothing of it."""
    at, ok, faults, wait_s = now_ms(), 0, 0, 0.0
    pairs = list(zip(line.jobs, results, strict=True))
    for job, result in pairs:
        if isinstance(result, Taken):
            ok += 1
            run.reports.append(orders.sent_outcome(job, result, polled_at=run.started, at=at))
            continue
        if not (_is_the_accounts(result) and _move(job, run)):
            run.failed.append(orders.failure_of(job, result))
        if isinstance(result, NotBegun | Misconfigured) or result.of_part:
            continue
        if isinstance(result, ProviderRateLimited):
            wait_s = max(wait_s, result.retry_after or 0)
        elif isinstance(result, _ITS_FAULT):
            faults += 1
        else:
            ok += 1
    ways.note(line.jobs[0].record.channel, [job.record for job, result in pairs if isinstance(result, Taken)], at)
    for word, count in Counter(map(_word, results)).items():
        meters.SENDS.labels(line.account, word).inc(count)
    why, refused = refusals.refusal(results)
    shut_ms = int(wait_s * 1_000)
    if breaker.record(line.account, ok=ok, failed=faults, retry_after_ms=shut_ms, refused=why, refusals=refused):
        refusals.alert(line.account, why, at)


def _is_the_accounts(result: Result) -> bool:
    """Whether the account takes nothing now, whatever it is: it refuses us, or asks to wait."""
    if isinstance(result, ProviderRateLimited):
        return bool(result.retry_after) and not result.of_part
    return isinstance(result, Misconfigured)


def _word(result: Result) -> str:
    if isinstance(result, Taken):
        return "taken"
    return result.kind if isinstance(result, ProviderError) else "not_begun"


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PARALLEL_ACCOUNTS, thread_name_prefix="provider")
