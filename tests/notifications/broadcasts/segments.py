"""Given for the tests of broadcasts: users, a segment of them, a type that says something, and a request."""

from __future__ import annotations

from typing import Any

from notifications.broadcasts.request import BroadcastRequest, SegmentTarget
from notifications.credentials import TokenFacts
from preferences.models import Segment, User
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.words import Words

MARKETER = TokenFacts(id="9", kind="admin", scopes=frozenset({"broadcast"}))


def make_users(count: int, segment: str = "everybody", **fields: Any) -> list[User]:
    """`count` users and a segment that holds all of them."""
    User.objects.bulk_create([User(user_id=f"usr_{number:05d}", **fields) for number in range(count)])
    Segment.objects.get_or_create(name=segment, defaults={"condition": {}})
    return list(User.objects.order_by("pk"))


def make_news(**fields: Any) -> NotificationType:
    """A type for broadcasts: its words read nothing of the recipient."""
    defaults: dict[str, Any] = {"category": "news", "priority": "normal", "channels": ["in_app"], "marketing": True}
    kind = NotificationType.objects.create(name="platform_announcement", **(defaults | fields))
    texts = [Words(channel, "en", title="{{ title }}", body="{{ body }}") for channel in kind.channels]
    publish(kind, texts)
    return kind


def a_broadcast(**fields: Any) -> BroadcastRequest:
    """A valid request."""
    defaults: dict[str, Any] = {
        "type": "platform_announcement",
        "target": SegmentTarget("segment", "everybody"),
        "data": {"title": "New: Dark Mode!", "body": "Try it in settings."},
    }
    return BroadcastRequest(**(defaults | fields))
