"""The port of a provider: a batch in, an outcome per recipient out.

An adapter is a folder in `delivery/providers/`; `kept.ADAPTERS` maps its name to its dotted path. It decides
nothing: its provider's codes are mapped once, through a table with the provider's page cited, to
`foundation.errors.ProviderError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from foundation.errors import ProviderError
from notifications.records import Send
from templates_app.content import Content


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One send: what goes to which address. `id` is the send id, `notification_id` and `user` for tracing and receipts.

    `deadline` (ms): nothing may be begun after it, and the provider call's time-out ends before it. `badge` is the
    number on the app's icon, the user's unread count; None leaves it as it is. `unsubscribe`: the token that ends the
    mails of this category for this user; "" where they can't be ended.
    """

    send: Send
    notification_id: str
    user: str
    channel: str
    type: str
    category: str
    priority: str
    content: Content
    attempt: int
    deadline: int
    expires_at: int | None = None
    collapse_key: str | None = None
    badge: int | None = None
    unsubscribe: str = ""

    @property
    def id(self) -> str:
        return self.send.id


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took the send; `provider_id` is its own id for it."""

    provider_id: str = ""
    at: int = 0
    started_at: int = 0


class NotBegun(msgspec.Struct, frozen=True, kw_only=True):
    """The send wasn't begun (no tokens, open breaker, deadline) and costs no attempt; `retry_after_ms` is a floor."""

    why: str
    retry_after_ms: int = 0


Result = Taken | NotBegun | ProviderError


class Provider(Protocol):
    """An adapter. `name` goes into timelines and metrics; `rate` is its bucket's messages/s (contract §4)."""

    @property
    def name(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def rate(self) -> int: ...

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """Sends a batch over few connections; a result for each order, in order. Raises nothing for single failures."""
