"""The answers of the inbox's REST, as the OpenAPI document shows them."""

from __future__ import annotations

import msgspec

from channels_app.entries import InboxNotification


class CountsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Exact counts, archived ones left out. The badge shows `unseen_count`."""

    unread_count: int
    unseen_count: int


class InboxAnswer(CountsAnswer, frozen=True, kw_only=True):
    """A page, newest first; `cursor` leads to the next, null on the last."""

    notifications: list[InboxNotification]
    cursor: str | None


class NewsAnswer(CountsAnswer, frozen=True, kw_only=True):
    """What came, oldest first; send `since` next. `complete` false: there is more, page the inbox."""

    notifications: list[InboxNotification]
    since: str
    complete: bool


class StateAnswer(CountsAnswer, frozen=True, kw_only=True):
    """The notification as it is now (null: it went by push alone), with the counts."""

    notification: InboxNotification | None
