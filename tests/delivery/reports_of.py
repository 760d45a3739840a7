"""Reports as the pipeline makes them, for the tests of those who read them."""

from __future__ import annotations

from typing import Any

from notifications.records import Attempting, ChannelDecision, Decision, Event, Outcome, Receipt, Recipient

NOW = 1_790_000_000_000


def event(id: str, *, user: str = "u1", **other: Any) -> Event:
    values: dict[str, Any] = {
        "lane": "standard",
        "priority": "high",
        "type": "order_shipped",
        "data": {"order": "A-17"},
        "now": NOW,
        "accepted_at": NOW - 5,
    }
    return Event(recipients=[Recipient(id, user)], **{**values, **other})


def verdict(channel: str, verdict: str = "send", **other: Any) -> ChannelDecision:
    if verdict == "send":
        other.setdefault("sends", [f"{channel}-1"])
    return ChannelDecision(channel=channel, verdict=verdict, **other)


def decision(id: str, *channels: ChannelDecision, user: str = "u1", **other: Any) -> Decision:
    return Decision(
        id=id,
        user=user,
        event=event(id, user=user, **other),
        category="order_updates",
        channels=list(channels),
        at=NOW + 20,
        stamps={"polled": NOW + 5, "routed": NOW + 9, "rendered": NOW + 15},
    )


def attempting(id: str, channel: str, *, send: str = "", attempt: int = 1, at: int = NOW + 30) -> Attempting:
    return Attempting(rows=[(id, "u1", channel, send or f"{channel}-1", attempt)], at=at)


def outcome(id: str, channel: str, status: str = "sent", **other: Any) -> Outcome:
    values = {"send": f"{channel}-1", "at": NOW + 40, "started_at": NOW + 30, **other}
    return Outcome(id=id, user="u1", channel=channel, status=status, **values)


def receipt(id: str, channel: str, status: str, *, at: int = NOW + 900) -> Receipt:
    return Receipt(id=id, user="u1", channel=channel, status=status, send=f"{channel}-1", at=at)
