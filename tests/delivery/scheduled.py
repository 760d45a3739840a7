"""The retry scheduler as a test drives it: what failed goes in, what waits is released, what it told."""

from __future__ import annotations

from delivery import scheduling
from foundation.clock import now_ms
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.log.port import LogRecord
from notifications.records import (
    ChannelDecision,
    ChannelRecord,
    Decision,
    Event,
    Failure,
    Recipient,
)
from notifications.store import get_store
from notifications.store.port import Details

LANES = ("standard", "bulk", "critical")


def schedule(*failures: Failure, repeat=False, now=None):
    return scheduling.schedule(failures, repeat=repeat, now=now or now_ms())


def release(lanes=LANES) -> list[LogRecord]:
    """What comes out when everything that waits has become due."""
    log = get_log()
    before = {topic: log.end_offsets(topic) for topic in log.topics()}
    DueRow.objects.filter(state="waiting").update(due_at=now_ms())
    scheduling.release(lanes)
    return [
        each
        for topic, ends in before.items()
        for partition, end in ends.items()
        for each in log.read(topic, partition, end, log.end_offsets(topic)[partition])
    ]


def decided(of: ChannelRecord, *channels: str) -> Event:
    """The store knows this notification's decision; gives its event."""
    recipient = of.recipients[0]
    event = Event(
        lane=of.lane,
        priority=of.priority,
        recipients=[Recipient(recipient.id, recipient.user)],
        type=of.type,
        data={"order": "A-17"},
        now=of.now,
        accepted_at=of.accepted_at,
        idempotency="key-1",
    )
    decision = Decision(
        id=recipient.id,
        user=recipient.user,
        event=event,
        channels=[ChannelDecision(channel=channel, verdict="send") for channel in channels or (of.channel,)],
        at=of.now,
    )
    get_store().record_details([Details(decision=decision)])
    return event


def told(reports) -> list[tuple[str, str, str]]:
    return [(report.status, report.reason, report.error) for report in reports]
