"""Records that bring a failed delivery back: to its own topic, to another channel, or through routing again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from delivery.parking import identity_of
from delivery.plans import Group, again
from notifications.due.entry import FALLBACK, RETRY, DueEntry
from notifications.records import ChannelRecord, Decision, Event, Failure, Recipient, encode
from notifications.topology import DLQ, channel_topic, intake_topic

AWAIT_EVENT_MS = 2_000
GOES_ANYWAY = frozenset({"send", "defer"})


def retry_entry(group: Group, due: int, repeat: bool, event: Event | None) -> DueEntry:
    """The due-time row of a retry: the record on its channel's topic; in the critical lane `event`, through routing."""
    record = again(group)
    if record.lane != "critical":
        return _entry(record, RETRY, due, channel_topic(record.channel, record.lane), encode(record), repeat)
    if event is None:
        raise ValueError("a critical retry needs its event")
    recipient = record.recipients[0]
    resumed = msgspec.structs.replace(
        narrowed(event, recipient.id),
        attempt=record.attempt,
        uncounted=record.uncounted,
        hop=record.hop,
        refused_by=record.refused_by,
        only=[record.channel],
        resumed=RETRY,
        failed=[send.id for send in recipient.sends],
        fell_back_from=record.fell_back_from,
    )
    return _entry(record, RETRY, due, intake_topic("critical"), encode(resumed), repeat)


def fallback_entry(record: ChannelRecord, event: Event, channel: str, due: int, repeat: bool) -> DueEntry:
    """The due-time row that takes a notification to `channel`, preferences looked at again (contract §5)."""
    resumed = msgspec.structs.replace(
        narrowed(event, record.recipients[0].id),
        attempt=1,
        uncounted=0,
        hop=0,
        refused_by=[],
        only=[channel],
        resumed=FALLBACK,
        failed=None,
        fell_back_from=record.channel,
    )
    entry = _entry(record, FALLBACK, due, intake_topic(record.lane), encode(resumed), repeat)
    return msgspec.structs.replace(
        entry, channel=channel, identity=f"{record.recipients[0].id}:{channel}:{FALLBACK}:{record.channel}"
    )


def await_entry(failure: Failure, group: Group, now: int, repeat: bool) -> DueEntry:
    """The due-time row that looks at this group again when its event, not tracked yet, should be in the store."""
    record = msgspec.structs.replace(group.record, hop=group.record.hop + 1)
    later = Failure(record=record, failed=list(group.failed), at=failure.at, event=failure.event)
    entry = _entry(record, "await", now + AWAIT_EVENT_MS, DLQ, encode(later), repeat)
    return msgspec.structs.replace(entry, kind=RETRY, key=entry.notification_id)


def replay_event(event: Event, record: ChannelRecord, *, now: int) -> Event:
    """The event that replays a dead letter: routed again for its channel, a next attempt with retries of its own."""
    return msgspec.structs.replace(
        narrowed(event, record.recipients[0].id),
        attempt=record.attempt + 1,
        uncounted=record.attempt,
        hop=record.hop,
        refused_by=[],
        only=[record.channel],
        resumed="replay",
        failed=None,
        fell_back_from=record.fell_back_from,
        now=now,
    )


def narrowed(event: Event, notification_id: str) -> Event:
    """The event for one of its recipients, as accepted but for its idempotency key, which has done its work.

    Raises LookupError when that notification isn't in it.
    """
    recipient = next((each for each in event.recipients if each.id == notification_id), None)
    if recipient is None:
        raise LookupError(notification_id)
    return msgspec.structs.replace(event, recipients=[recipient], idempotency=None)


def edited(event: Event, data: dict[str, object]) -> Event:
    """The event with other data, as an operator edited it."""
    recipients = [Recipient(each.id, each.user) for each in event.recipients]
    return msgspec.structs.replace(event, data=data, recipients=recipients)


def channels_used(decisions: Iterable[Decision]) -> Collection[str]:
    """The channels a notification went to, or will, by all decisions taken so far."""
    return {each.channel for decision in decisions for each in decision.channels if each.verdict in GOES_ANYWAY}


def first_event(decisions: Sequence[Decision], notification_id: str) -> Event | None:
    """The event as it was accepted; None where no decision holds it."""
    for decision in decisions:
        if any(recipient.id == notification_id for recipient in decision.event.recipients):
            return decision.event
    return None


def _entry(record: ChannelRecord, kind: str, due: int, topic: str, value: bytes, repeat: bool) -> DueEntry:
    recipient = record.recipients[0]
    return DueEntry(
        identity=identity_of(record, kind),
        notification_id=recipient.id,
        user=recipient.user,
        channel=record.channel,
        lane=record.lane,
        kind=kind,
        due_at=due,
        topic=topic,
        key=recipient.user,
        value=value,
        repeat=repeat,
    )
