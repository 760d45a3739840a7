"""What an inbox entry looks like outside, the same in REST and in frames (brief, "Get User Notifications")."""

from __future__ import annotations

from typing import Any

import msgspec

from foundation.clock import to_rfc3339
from notifications.store.port import InboxEntry, InboxRow


class InboxNotification(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `data` is what the template yields, with `action_url` and `image` where it has them."""

    id: str
    type: str
    category: str
    title: str
    body: str
    read: bool
    seen: bool
    opened: bool
    archived: bool
    created_at: str
    data: dict[str, Any]


def as_json(entry: InboxEntry) -> dict[str, Any]:
    """The entry as plain values."""
    row, content = entry.row, entry.row.content
    shown = InboxNotification(
        id=row.id,
        type=row.type,
        category=row.category,
        title=content.title,
        body=content.body,
        read=entry.read,
        seen=entry.seen,
        opened=entry.opened,
        archived=entry.archived,
        created_at=to_rfc3339(row.at),
        data=_data(row),
    )
    return msgspec.to_builtins(shown)


def _data(row: InboxRow) -> dict[str, Any]:
    links = {"action_url": row.content.action_url, "image": row.content.image}
    return row.content.data | {name: value for name, value in links.items() if value}
