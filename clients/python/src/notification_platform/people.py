"""What the server answers about users, their devices, preferences and inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from notification_platform.answers import Answer


class QuietHours(msgspec.Struct, frozen=True, omit_defaults=True):
    """Local times "HH:MM"; `days` are ISO weekdays (1 Monday … 7 Sunday) on which they start."""

    start: str
    end: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


class User(Answer, frozen=True, kw_only=True):
    """A user as registered; None is what nobody gave."""

    user_id: str
    time_zone: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    quiet_hours: QuietHours | None = None
    attributes: dict[str, Any] = {}
    last_active: datetime | None = None
    invalid_addresses: list[str] = []


class Device(Answer, frozen=True, kw_only=True):
    """A push token."""

    id: str
    platform: str
    token: str
    name: str = ""
    registered_at: datetime


class Devices(Answer, frozen=True, kw_only=True):
    devices: list[Device]


class PreferenceCell(Answer, frozen=True, kw_only=True):
    """One cell of the matrix: whether, and why. `locked`: it can't be turned off."""

    type: str
    kind: str
    channel: str
    enabled: bool
    why: str
    detail: str
    locked: bool
    offered: bool
    category: str | None = None
    set_by: dict[str, Any] | None = None


class Preferences(Answer, frozen=True, kw_only=True):
    """The whole effective matrix."""

    user_id: str
    preferences: list[PreferenceCell]


class UserToken(Answer, frozen=True, kw_only=True):
    """A short-lived token for the user's own app."""

    token: str
    user_id: str
    expires_at: datetime


class InboxNotification(Answer, frozen=True, kw_only=True):
    """An entry of an inbox; `data` has what the template yields, `action_url` and `image` among it."""

    id: str
    type: str
    title: str
    body: str
    read: bool
    created_at: datetime
    category: str = ""
    seen: bool = False
    opened: bool = False
    archived: bool = False
    data: dict[str, Any] = {}


class InboxPage(Answer, frozen=True, kw_only=True):
    """Newest first; `cursor` leads to the next page, None on the last."""

    notifications: list[InboxNotification]
    unread_count: int
    unseen_count: int = 0
    cursor: str | None = None


class InboxNews(Answer, frozen=True, kw_only=True):
    """What came, oldest first; ask on with `since`."""

    notifications: list[InboxNotification]
    unread_count: int
    since: str
    unseen_count: int = 0
    complete: bool = True


class InboxChange(Answer, frozen=True, kw_only=True):
    """The entry as it is now, and the exact counts."""

    unread_count: int
    unseen_count: int = 0
    notification: InboxNotification | None = None


class InboxCounts(Answer, frozen=True, kw_only=True):
    unread_count: int
    unseen_count: int = 0
