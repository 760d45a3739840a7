"""What is sent: channel records as the pipeline makes them, each to an address of its own."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple
from uuid import uuid4

from foundation.clock import now_ms
from foundation.identifiers import new_notification_id, send_id
from notifications.records import ChannelRecipient, ChannelRecord, Send
from templates_app.content import Content

TITLE, BODY = "On its way", "Order A-17 is on its way to you via FedEx. Follow it under https://harbor.example/a17"
HTML = f"<h1>{TITLE}</h1><p>{BODY}</p>"
_numbers = count()


class Lane(NamedTuple):
    """A provider in the bench: its channel, its device platform, and how many calls a batch has under way."""

    provider: str
    channel: str
    platform: str
    streams: int
    target: int  # events/s to reach; 0: what the library gives


LANES = {
    lane.provider: lane
    for lane in (
        Lane("apns", "push", "apns", 500, 2_500),
        Lane("fcm", "push", "fcm", 100, 800),
        Lane("twilio", "sms", "", 64, 800),
        Lane("ses", "email", "", 16, 0),
        Lane("smtp", "email", "", 1, 0),
    )
}


def address(lane: Lane) -> str:
    """One that the provider takes, never given before in this process."""
    number = next(_numbers)
    if lane.channel == "push":
        return f"{number:064x}" if lane.provider == "apns" else f"fcm-{number}"
    return f"+4915112{number:06d}" if lane.channel == "sms" else f"u{number}@example.com"


def record(lane: Lane) -> ChannelRecord:
    """One notification on the lane's channel."""
    id, to, at = new_notification_id(), address(lane), now_ms()
    content = Content(title=TITLE, body=BODY, html=HTML if lane.channel == "email" else "")
    sends = [Send(send_id(id, lane.channel, to), to, lane.platform)]
    return ChannelRecord(
        channel=lane.channel,
        lane="standard",
        priority="high",
        recipients=[ChannelRecipient(id, f"user-{uuid4().hex[:12]}", sends, content)],
        type="order_shipped",
        category="order_updates",
        now=at,
        accepted_at=at,
        made_at=at,
    )
