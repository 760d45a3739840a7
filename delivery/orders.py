"""From channel records to single sends, and from their results to reports and failures. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from delivery.providers.port import NotBegun, Order, Result, Taken
from delivery.retries import BREAKER_OPEN, DOUBTFUL, NEVER_BEGUN, NOT_BEGUN
from delivery.status import DEFERRED, DROPPED, FAILED, IN_DOUBT, SENT
from notifications.records import Attempting, ChannelRecipient, ChannelRecord, FailedSend, Failure, Outcome, Send
from preferences import unsubscribing
from templates_app.content import Content

EMPTY = Content()


class Job(msgspec.Struct, frozen=True, gc=False):
    """One send of a batch, with the delivery it belongs to; `shut_out`: accounts that didn't take it in this batch."""

    record: ChannelRecord
    recipient: ChannelRecipient
    order: Order
    account: str
    repeat: bool
    shut_out: tuple[str, ...] = ()


class Failed(msgspec.Struct, frozen=True, gc=False):
    """A job that didn't arrive, and how."""

    job: Job
    failed: FailedSend


def expand(
    items: Iterable[tuple[ChannelRecord, bool]],
    *,
    deadline: int,
    now: int,
    account: Callable[[ChannelRecord, Send], str],
) -> tuple[list[Job], list[ChannelRecord]]:
    """The sends of these records, over the `account` that is chosen for each, and the records that have expired."""
    jobs: list[Job] = []
    expired: list[ChannelRecord] = []
    for record, repeat in items:
        if record.expires_at is not None and record.expires_at <= now:
            expired.append(record)
            continue
        for recipient in record.recipients:
            content = recipient.content or record.content or EMPTY
            for send in recipient.sends:
                order = Order(
                    send=send,
                    notification_id=recipient.id,
                    user=recipient.user,
                    channel=record.channel,
                    type=record.type,
                    category=record.category,
                    priority=record.priority,
                    content=content,
                    unsubscribe=_unsubscribe(record, recipient),
                    attempt=record.attempt,
                    deadline=deadline,
                    expires_at=record.expires_at,
                    collapse_key=record.collapse_key,
                )
                jobs.append(Job(record, recipient, order, account(record, send), repeat))
    return jobs, expired


def _unsubscribe(record: ChannelRecord, recipient: ChannelRecipient) -> str:
    if record.channel != "email" or record.mandatory or not record.category:
        return ""
    return unsubscribing.token(recipient.user, record.category)


def expired_outcomes(records: Iterable[ChannelRecord], at: int) -> list[Outcome]:
    """The drop `expired`, for each send."""
    return [
        Outcome(
            id=recipient.id,
            user=recipient.user,
            channel=record.channel,
            status=DROPPED,
            send=send.id,
            attempt=record.attempt,
            reason="expired",
            detail="Its time was over before it could be sent.",
            at=at,
        )
        for record in records
        for recipient in record.recipients
        for send in recipient.sends
    ]


def attempting(jobs: Sequence[Job], at: int) -> Attempting:
    """What is written before a burst."""
    rows = [
        (job.recipient.id, job.recipient.user, job.record.channel, job.order.send.id, job.record.attempt)
        for job in jobs
    ]
    return Attempting(rows=rows, at=at)


def sent_outcome(job: Job, taken: Taken, *, polled_at: int, at: int) -> Outcome:
    """The provider took it."""
    record = job.record
    return Outcome(
        id=job.recipient.id,
        user=job.recipient.user,
        channel=record.channel,
        status=SENT,
        send=job.order.send.id,
        attempt=record.attempt,
        provider=job.account,
        provider_id=taken.provider_id,
        started_at=taken.started_at,
        at=taken.at or at,
        stamps={"made": record.made_at, "polled": polled_at},
    )


def failed_outcome(failed: Failed, at: int) -> Outcome:
    """What became of this try; what follows is the retry scheduler's to say. By its hop a repeat knows it again."""
    job, what = failed.job, failed.failed
    return Outcome(
        id=job.recipient.id,
        user=job.recipient.user,
        channel=job.record.channel,
        status=status_of(what),
        send=what.send.id,
        attempt=job.record.attempt,
        reason=what.error if what.error in NEVER_BEGUN else "",
        error=what.error,
        detail=what.detail,
        provider=job.account,
        at=at,
        stamps={"hop": job.record.hop},
    )


def status_of(failed: FailedSend) -> str:
    """The status that says how a try stands that didn't arrive."""
    if failed.error in NEVER_BEGUN:
        return DEFERRED
    return IN_DOUBT if failed.error in DOUBTFUL else FAILED


def failure_of(job: Job, result: Result) -> Failed:
    """A provider's refusal as the retry scheduler reads it. One that asks to wait costs no attempt."""
    if isinstance(result, NotBegun):
        return not_begun(job, result.why, result.retry_after_ms)
    if isinstance(result, Taken):
        raise TypeError("a send that was taken is no failure")
    return Failed(
        job,
        FailedSend(
            send=job.order.send,
            error=result.kind,
            detail=result.detail,
            provider=job.account,
            provider_code=result.provider_code,
            retry_after_ms=int((result.retry_after or 0) * 1_000),
            counts=counts(result.kind),
        ),
    )


def counts(error: str) -> bool:
    """Whether a failure costs an attempt: not if it was never begun, nor if the provider asked to wait."""
    return error not in NEVER_BEGUN and error != "rate_limited"


def not_begun(job: Job, why: str, retry_after_ms: int, *, error: str = NOT_BEGUN) -> Failed:
    """A send that wasn't begun: `error` is "not_begun" or "breaker_open"."""
    if error not in (NOT_BEGUN, BREAKER_OPEN):
        raise ValueError(error)
    return Failed(
        job,
        FailedSend(
            send=job.order.send,
            error=error,
            detail=why,
            provider=job.account,
            retry_after_ms=retry_after_ms,
            counts=False,
        ),
    )


def failures(failed: Iterable[Failed], at: int) -> list[Failure]:
    """One record a delivery, narrowed to the recipient and the sends that failed."""
    by_delivery: dict[tuple[int, str], list[Failed]] = {}
    for each in failed:
        by_delivery.setdefault((id(each.job.record), each.job.recipient.id), []).append(each)
    return [
        Failure(
            record=narrowed(group[0].job, [one.failed for one in group]), failed=[one.failed for one in group], at=at
        )
        for group in by_delivery.values()
    ]


def narrowed(job: Job, failed: Sequence[FailedSend]) -> ChannelRecord:
    """The job's record with its recipient alone, and of its sends those in `failed`."""
    recipient = msgspec.structs.replace(
        job.recipient, sends=[each.send for each in failed], content=job.recipient.content or job.record.content
    )
    return msgspec.structs.replace(job.record, recipients=[recipient], content=None)
