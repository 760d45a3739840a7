"""Dead letters in the hands of an operator: found, counted, replayed, dropped (contract §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from django.db.models import Count, Max, Min, QuerySet

from delivery import resuming
from delivery.models import DeadLetter
from delivery.status import DROPPED
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.streaming import remove
from notifications import reports
from notifications.log import get_log
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT, ChannelRecord, Event, Outcome, decode, encode
from notifications.store import get_store
from notifications.topology import intake_topic

State = DeadLetter.State
BATCH = 500
GROUPS_MOST = 200
ENDED = (State.REPLAYED, State.DROPPED)
GROUPS = ("error", "reason", "type", "channel", "provider", "priority", "state")


class Done(msgspec.Struct):
    """What a replay or a drop came to: letters `done`, and those `skipped` with why."""

    done: int = 0
    skipped: list[tuple[str, str]] = []


def find(
    *,
    type: str = "",
    error: str = "",
    reason: str = "",
    channel: str = "",
    notification_id: str = "",
    state: str = State.PARKED,
    older_than_ms: int | None = None,
    newer_than_ms: int | None = None,
) -> QuerySet[DeadLetter]:
    """Dead letters narrowed by what is given; ages in ms before now, by when they were parked."""
    given = {
        "type": type,
        "error": error,
        "reason": reason,
        "channel": channel,
        "notification_id": notification_id,
        "state": state,
    }
    found = DeadLetter.objects.filter(**{name: value for name, value in given.items() if value})
    if older_than_ms is not None:
        found = found.filter(last_at__lte=now_ms() - older_than_ms)
    if newer_than_ms is not None:
        found = found.filter(last_at__gte=now_ms() - newer_than_ms)
    return found


def grouped(letters: QuerySet[DeadLetter], by: str) -> list[dict[str, Any]]:
    """Counts by a column of GROUPS, the most first: {by, count, oldest, newest} with times in ms."""
    if by not in GROUPS:
        raise ValueError(by)
    counts = letters.order_by().values(by).annotate(count=Count("pk"), oldest=Min("last_at"), newest=Max("last_at"))
    return list(counts.order_by("-count", by))


def replay(letters: QuerySet[DeadLetter], progress: Callable[[int], None] = lambda done: None) -> Done:
    """Puts parked letters through routing again, for their channel alone: preferences and addresses are looked at anew.

    Marked as repeats under the next attempt, so that what was sent after all isn't sent again. `progress` is told the
    number done after each batch. Raises LogUnavailable, StoreUnavailable, ControlPlaneUnavailable: what was done so far
    stays done.
    """
    result = Done()
    for batch in _batches(letters):
        replay_batch(batch, result)
        progress(result.done)
    return result


def replay_batch(batch: Sequence[DeadLetter], result: Done) -> None:
    """One batch of `replay`; adds to `result` what came of it. Raises what `replay` does."""
    events = _events(batch, result)
    get_log().produce(
        [Message(intake_topic(e.lane), e.recipients[0].user, encode(e), {HEADER_REPEAT: "1"}) for _, e in events]
    )
    _mark([letter.pk for letter, _ in events], State.REPLAYED)
    result.done += len(events)


def drop(letters: QuerySet[DeadLetter], progress: Callable[[int], None] = lambda done: None, *, why: str = "") -> Done:
    """Ends parked letters for good: the outcome `dropped`, reason `dropped_by_operator`, on the timeline with `why`."""
    result = Done()
    for batch in _batches(letters):
        result.done += drop_batch(batch, why=why)
        progress(result.done)
    return result


def drop_batch(batch: Sequence[DeadLetter], *, why: str = "") -> int:
    """One batch of `drop`; how many. Raises LogUnavailable, ControlPlaneUnavailable."""
    reports.produce([each for letter in batch for each in _dropped(letter, why)])
    _mark([letter.pk for letter in batch], State.DROPPED)
    return len(batch)


def alike() -> list[dict[str, Any]]:
    """What is parked, grouped by fingerprint, the most first, GROUPS_MOST at most: what fails, for how many users,
    since when (ms). Raises ControlPlaneUnavailable.
    """
    groups = find().order_by().values("fingerprint", "error", "provider_code", "type", "channel")
    counted: Any = groups.annotate(
        count=Count("pk"), users=Count("user", distinct=True), oldest=Min("last_at"), newest=Max("last_at")
    )
    with control_plane():
        return list(counted.order_by("-count", "fingerprint")[:GROUPS_MOST])


def purge(before: int) -> int:
    """Removes letters that were replayed or dropped before `before` (ms); parked ones stay. Returns how many."""
    return remove(DeadLetter.objects.filter(state__in=ENDED, changed_at__lt=before))


def record_of(letter: DeadLetter) -> ChannelRecord:
    """The record as it was tried last."""
    return decode(ChannelRecord, bytes(letter.record))


def _batches(letters: QuerySet[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Those that were parked when this began, in the order of their identities; nothing is met twice."""
    after, until = "", now_ms()
    parked = letters.filter(state=State.PARKED, last_at__lte=until).order_by("pk")
    while True:
        with control_plane():
            batch = list(parked.filter(pk__gt=after)[:BATCH])
        if not batch:
            return
        yield batch
        after = batch[-1].pk


def _events(batch: Sequence[DeadLetter], result: Done) -> list[tuple[DeadLetter, Event]]:
    details = get_store().details({letter.notification_id for letter in batch})
    now, events = now_ms(), []
    for letter in batch:
        decisions = [each.decision for each in details.get(letter.notification_id, ())]
        event = resuming.first_event(decisions, letter.notification_id)
        if event is None:
            result.skipped.append((letter.pk, "the store knows no event of this notification"))
            continue
        if letter.edited_data is not None:
            event = resuming.edited(event, letter.edited_data)
        events.append((letter, resuming.replay_event(event, record_of(letter), now=now)))
    return events


def _dropped(letter: DeadLetter, why: str) -> list[Outcome]:
    record, at = record_of(letter), now_ms()
    return [
        Outcome(
            id=recipient.id,
            user=recipient.user,
            channel=record.channel,
            status=DROPPED,
            send=send.id,
            attempt=record.attempt,
            reason="dropped_by_operator",
            detail=f"Parked as {letter.reason}, and dropped by an operator{f': {why}' if why else '.'}",
            at=at,
        )
        for recipient in record.recipients
        for send in recipient.sends
    ]


def _mark(identities: Sequence[str], state: str) -> None:
    with control_plane():
        ours = DeadLetter.objects.filter(pk__in=identities, state__in=(State.PARKED, State.RELEASING))
        ours.update(state=state, changed_at=now_ms())
