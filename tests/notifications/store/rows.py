"""Small factories: what a test says is what matters to it."""

from __future__ import annotations

from typing import Any

from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.records import ChannelDecision, Content, Decision, Event, Recipient
from notifications.store.port import Details, InboxRow, LogEntry


def new_user() -> str:
    return f"usr_{new_notification_id()[6:]}"


def inbox_row(user: str, **fields: Any) -> InboxRow:
    given: dict[str, Any] = {
        "id": new_notification_id(),
        "at": now_ms(),
        "type": "order_shipped",
        "category": "order_updates",
        "content": Content(title="Your order has shipped!", body="On its way.", data={"order": "42"}),
    }
    return InboxRow(user=user, **(given | fields))


def cell(notification: str, **fields: Any) -> LogEntry:
    given: dict[str, Any] = {
        "user": "usr_1",
        "channel": "push",
        "send": "send-1",
        "attempt": 1,
        "status": "sent",
        "rank": 10,
        "at": 1_000,
    }
    return LogEntry(id=notification, **(given | fields))


def decided(notification: str, user: str, channels: list[str], *, now: int) -> Details:
    event = Event(
        lane="standard",
        priority="high",
        recipients=[Recipient(id=notification, user=user)],
        type="order_shipped",
        data={"order_id": "ord_1"},
        now=now,
        accepted_at=now,
    )
    verdicts = [ChannelDecision(channel=channel, verdict="send") for channel in channels]
    decision = Decision(id=notification, user=user, event=event, category="order_updates", channels=verdicts, at=now)
    return Details(decision=decision, tracked_at=now)
