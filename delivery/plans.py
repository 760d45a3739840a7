"""What a failed delivery leads to, worked out for all its sends at once. Pure (retries.py holds the table)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from delivery.retries import DOUBTFUL, NEVER_BEGUN, Fallback, Park, Retry, Step, next_step
from notifications.records import ChannelRecord, FailedSend, Failure


class Group(msgspec.Struct, frozen=True):
    """Sends of one delivery that share a fate; `record` is the failure's, narrowed to them."""

    step: Step
    record: ChannelRecord
    failed: tuple[FailedSend, ...]

    @property
    def attempts(self) -> int:
        """Tries that counted, this one included."""
        return self.record.attempt - self.record.uncounted


def plan(failure: Failure, *, now: int, resend_in_doubt: Collection[str]) -> list[Group]:
    """The groups of a failure; a delivery falls back only when none of its sends is tried again."""
    record = failure.record
    steps = [(each, _step(record, each, now, resend_in_doubt)) for each in failure.failed]
    if any(isinstance(step, Retry) for _, step in steps):
        steps = [(each, Park(step.reason) if isinstance(step, Fallback) else step) for each, step in steps]
    groups: dict[tuple[str, ...], list[tuple[FailedSend, Step]]] = {}
    for each, step in steps:
        groups.setdefault(_fate(each, step), []).append((each, step))
    return [_group(record, members) for members in groups.values()]


def again(group: Group) -> ChannelRecord:
    """The record that tries this group's sends again: the next attempt, or the same one where it was never begun."""
    record, begun = group.record, group.failed[0].error not in NEVER_BEGUN
    if not begun:
        return msgspec.structs.replace(record, hop=record.hop + 1)
    free = isinstance(group.step, Retry) and not group.step.counted
    return msgspec.structs.replace(
        record, attempt=record.attempt + 1, uncounted=record.uncounted + free, refused_by=refused_by(group.failed)
    )


def refused_by(failed: Sequence[FailedSend]) -> list[str]:
    """The accounts that certainly didn't take these. One that may have keeps its sends: it knows its own repeats."""
    doubted = {each.provider for each in failed if each.error in DOUBTFUL}
    return sorted({each.provider for each in failed if each.error not in DOUBTFUL} - doubted - {""})


def is_doubtful(failed: Sequence[FailedSend]) -> bool:
    """Whether one of these may have arrived after all."""
    return any(each.error in DOUBTFUL for each in failed)


def _step(record: ChannelRecord, failed: FailedSend, now: int, resend_in_doubt: Collection[str]) -> Step:
    return next_step(
        record.priority,
        max(1, record.attempt - record.uncounted),
        error=failed.error,
        now=now,
        began_at=record.now,
        expires_at=record.expires_at,
        send=f"{failed.send.id}:{record.attempt}:{record.hop}",
        resend_in_doubt=resend_in_doubt,
        retry_after_ms=failed.retry_after_ms,
        counts=failed.counts,
    )


def _fate(failed: FailedSend, step: Step) -> tuple[str, ...]:
    if isinstance(step, Retry):
        return ("retry", str(failed.error in NEVER_BEGUN), str(step.counted))
    return (type(step).__name__, step.reason)


def _group(record: ChannelRecord, members: Sequence[tuple[FailedSend, Step]]) -> Group:
    """Sends that wait, wait together: until the latest of their times."""
    failed = tuple(each for each, _ in members)
    step = members[0][1]
    if isinstance(step, Retry):
        retries = [other for _, other in members if isinstance(other, Retry)]
        step = Retry(max(r.due for r in retries), step.counted, any(r.alert for r in retries))
    recipient = msgspec.structs.replace(record.recipients[0], sends=[each.send for each in failed])
    return Group(step, msgspec.structs.replace(record, recipients=[recipient]), failed)
