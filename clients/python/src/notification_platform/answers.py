"""What the server answers about notifications, as frozen values. Fields that a newer server adds are ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

UNDER_WAY = frozenset({"accepted", "in_flight"})


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers."""

    def plain(self) -> dict[str, Any]:
        """As plain values, as they travel."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


class Accepted(Answer, frozen=True, kw_only=True):
    """It is durable."""

    notification_id: str
    status: str
    estimated_channels: list[str] = []


class ChannelStatus(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """One channel's delivery: `status` is the word, `meaning` the sentence, the rest says why."""

    status: str
    meaning: str = ""
    reason: str = ""
    detail: str = ""
    setting: str = ""
    error: str = ""
    provider: str = ""
    provider_id: str = ""
    due_at: datetime | None = None


class TimelineEntry(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened; `channel` empty: to the notification as a whole."""

    at: datetime
    status: str
    meaning: str = ""
    channel: str = ""
    send: str = ""
    attempt: int = 0
    started_at: datetime | None = None
    took_ms: int = 0
    reason: str = ""
    detail: str = ""
    setting: str = ""
    error: str = ""
    provider: str = ""
    provider_id: str = ""
    due_at: datetime | None = None
    resumed: str = ""


class NotificationStatus(Answer, frozen=True, kw_only=True):
    """`status`: accepted, in_flight, delivered, parked or dropped."""

    notification_id: str
    user_id: str
    type: str
    priority: str
    lane: str
    accepted_at: datetime
    status: str
    channels: dict[str, ChannelStatus]
    timeline: list[TimelineEntry]
    schedule_at: datetime | None = None
    expires_at: datetime | None = None
    category: str = ""
    broadcast_id: str = ""
    event: dict[str, Any] = {}

    @property
    def is_final(self) -> bool:
        """Whether every channel has its outcome."""
        return self.status not in UNDER_WAY


class CancelledChannel(Answer, frozen=True, kw_only=True):
    """What was still waiting on a channel: `was` says for what (scheduled, quiet_hours, retry)."""

    channel: str
    status: str
    was: str
    due_at: datetime


class Cancelled(Answer, frozen=True, kw_only=True):
    """What was cancelled, per channel."""

    notification_id: str
    status: str
    channels: list[CancelledChannel]


class Verdict(Answer, frozen=True, kw_only=True):
    """One channel of an explanation: send, defer or drop, and why. `rendered` is what would be shown."""

    channel: str
    verdict: str
    reason: str = ""
    detail: str = ""
    setting: str = ""
    addresses: int = 0
    due_at: datetime | None = None
    limit: dict[str, Any] | None = None
    rendered: dict[str, Any] | None = None
    template_error: str = ""


class Explanation(Answer, frozen=True, kw_only=True):
    """What would become of an event now. `saw` is what is known of the user."""

    at: datetime
    user_id: str
    priority: str
    estimated_channels: list[str]
    channels: list[Verdict]
    saw: dict[str, Any]


class TakenDecision(Answer, frozen=True, kw_only=True):
    """A decision that was taken, with what it saw then."""

    at: datetime
    channels: list[Verdict]
    resumed: str = ""
    saw: dict[str, Any] | None = None


class PastExplanation(Answer, frozen=True, kw_only=True):
    """The decisions about a notification, beside what would be decided today."""

    notification_id: str
    decided: list[TakenDecision]
    today: Explanation | None = None
