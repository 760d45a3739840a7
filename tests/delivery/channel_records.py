"""Channel records and failures as the pipeline makes them, and a tracker to run in a test."""

from __future__ import annotations

from typing import Any

from delivery import tracking
from delivery.providers.registry import account_of
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id, send_id
from notifications.log import get_log
from notifications.log.port import TopicPartition
from notifications.records import ChannelRecipient, ChannelRecord, FailedSend, Failure, Reports, Send, decode
from notifications.topology import DELIVERY
from templates_app.content import Content

CONTENT = Content(title="Shipped", body="Order A-17 is on its way.", html="<p>Order A-17</p>")


def record(*addresses: str, channel: str = "email", id: str = "", platform: str = "", **other: Any) -> ChannelRecord:
    id = id or new_notification_id()
    sends = [Send(send_id(id, channel, address), address, platform) for address in addresses or ("ann@example.com",)]
    now = now_ms()
    values: dict[str, Any] = {
        "lane": "standard",
        "priority": "normal",
        "type": "order_shipped",
        "category": "order_updates",
        "now": now,
        "accepted_at": now,
        "made_at": now,
    }
    recipients = [ChannelRecipient(id, "usr_1", sends, CONTENT)]
    return ChannelRecord(channel=channel, recipients=recipients, **{**values, **other})


def failure(of: ChannelRecord, error: str = "transient", **other: Any) -> Failure:
    failed = [
        FailedSend(send=send, error=error, provider=account_of(of.channel, send.platform), **other)
        for send in of.recipients[0].sends
    ]
    return Failure(record=of, failed=failed, at=now_ms())


def track_everything() -> None:
    """What the tracker does, until it has passed the end of the delivery topic."""
    log = get_log()
    consumer = log.consumer("tracker", [DELIVERY], "test")
    try:
        ends = log.end_offsets(DELIVERY)
        while any(log.committed("tracker", DELIVERY).get(p, 0) < end for p, end in ends.items()):
            consumer.assignment_changes()
            records = consumer.poll(1_000, 10**7)
            reports = [(report, False) for each in records for report in decode(Reports, each.value).reports]
            tracking.track(reports, polled_at=now_ms())
            consumer.commit({TopicPartition(DELIVERY, each.partition): each.offset + 1 for each in records})
    finally:
        consumer.close()
