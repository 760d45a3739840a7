"""What a user does with his inbox, free of HTTP: REST and the WebSocket call the same (contract §6).

State goes to the store first, then to the counts in Redis; then every open socket of the user hears of it, and the
delivery log gets its `read`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import structlog

from channels_app.entries import as_json
from channels_app.frames import Read, UnreadCount
from channels_app.positions import Since, cursor_of, position_of, since_text
from foundation.clock import now_ms
from foundation.errors import LogUnavailable, NotFound
from notifications import announce, reports, unread
from notifications.broadcasts import pull
from notifications.records import Receipt
from notifications.status import READ
from notifications.store import get_store
from notifications.store.port import InboxEntry, InboxRow, StateChange

Answer = dict[str, Any]
# A row may become visible this much after the time it was stored under.
COMMIT_LAG_MS = 5_000

log = structlog.get_logger(__name__)


# --- reading


def page(
    user: str,
    *,
    limit: int,
    cursor: str | None = None,
    unread: bool = False,
    category: str | None = None,
    archived: bool = False,
) -> Answer:
    """A page, newest first, in the brief's shape; `cursor` null on the last one.

    Raises InvalidRequest for a forged cursor, StoreUnavailable.
    """
    before = position_of(user, cursor)
    pull.bring([user])
    found = get_store().inbox_page(
        user, limit=limit, before=before, unread=unread, category=category, archived=archived
    )
    hidden = pull.recalled(entry.row.id for entry in found.entries) if archived else frozenset()
    shown = {"notifications": [as_json(entry) for entry in found.entries if entry.row.id not in hidden]}
    return shown | named_counts(user) | {"cursor": cursor_of(user, found.next)}


def since(user: str, last_seen: int, limit: int) -> list[Answer]:
    """What came at `last_seen` (ms) or later, oldest first, delivered late included."""
    pull.bring([user])
    return [as_json(entry) for entry in get_store().inbox_since(user, last_seen, limit=limit)]


def newest(user: str, limit: int) -> list[Answer]:
    """The newest unread ones, oldest first: what a client without a `last_seen` begins with."""
    pull.bring([user])
    found = get_store().inbox_page(user, limit=limit, unread=True)
    return [as_json(entry) for entry in reversed(found.entries)]


def news(user: str, position: Since, *, limit: int) -> Answer:
    """What a long-poller doesn't have yet, oldest first; `since` is what he sends next.

    `complete` false: there is more than `limit`; page the inbox instead.
    """
    started = now_ms()
    pull.bring([user])
    fetched = get_store().inbox_since(user, position.ms, limit=limit + len(position.given) + 1)
    fresh = [entry for entry in fetched if entry.row.id not in position.given]
    following = max(position.ms, started - COMMIT_LAG_MS)
    given = {entry.row.id for entry in fetched if max(entry.row.at, entry.row.stored_at) >= following}
    return {
        "notifications": [as_json(entry) for entry in fresh[:limit]],
        **named_counts(user),
        "since": since_text(following, given),
        "complete": len(fresh) <= limit,
    }


def counts(user: str) -> tuple[int, int]:
    """(unread, unseen), exact. The badge shows the unseen."""
    return unread.counts([user])[user]


def notification_frame(row: InboxRow) -> Answer:
    """The frame that brings a row just delivered to open sockets."""
    return {"type": "notification", "notification": as_json(InboxEntry(row=row))}


# --- changing


def mark(
    user: str,
    ids: Collection[str],
    *,
    read: bool | None = None,
    seen: bool | None = None,
    opened: bool | None = None,
    archived: bool | None = None,
    at: int | None = None,
) -> Answer:
    """Changes what is given of those `ids` that are in the inbox; what is opened is read, what is read is seen.

    Returns the entries as they are now, with the counts. Raises NotFound when none of them is there, StoreUnavailable,
    redis.ConnectionError (then nothing was written).
    """
    store = get_store()
    parts = _implied(read=read, seen=seen, opened=opened, archived=archived)
    known = [entry.row.id for entry in store.inbox_entries(user, ids)]
    if not known:
        raise NotFound("There is no such notification in this inbox.", remedy="Check the id and whose inbox it is.")
    with unread.changing(user) as change:
        moment = now_ms() if at is None else at
        store.change_state([StateChange(user=user, id=id, at=moment, **parts) for id in known])
        entries = store.inbox_entries(user, known)
        change.now_holds({entry.row.id: _counted(entry) for entry in entries})
    _tell(user, Read(ids=known, **parts))
    if parts.get("read"):
        _report_read(user, known, moment)
    return {"notifications": [as_json(entry) for entry in entries]} | named_counts(user)


def read_all(user: str) -> Answer:
    """Everything that is in the inbox now is read and seen; `unread` undoes it one by one. Returns the counts."""
    store = get_store()
    pull.bring([user])
    with unread.changing(user):
        unread_before = store.unread_ids([user])[user].unread
        up_to = now_ms()
        store.read_all(user, up_to)
    _tell(user, Read(all=True, read=True, seen=True))
    _report_read(user, unread_before, up_to)
    return named_counts(user)


def _implied(**parts: bool | None) -> dict[str, bool]:
    if parts["opened"]:
        parts["read"] = True
    if parts["read"]:
        parts["seen"] = True
    return {name: value for name, value in parts.items() if value is not None}


def _counted(entry: InboxEntry) -> tuple[bool, bool]:
    return not (entry.read or entry.archived), not (entry.seen or entry.archived)


def named_counts(user: str) -> dict[str, int]:
    """The counts as answers carry them."""
    unread_count, unseen_count = counts(user)
    return {"unread_count": unread_count, "unseen_count": unseen_count}


def _tell(user: str, change: Read) -> None:
    """Nobody connected costs one key; so the counts are looked up only for who is."""
    if announce.tell(user, change.plain()):
        unread_count, unseen_count = counts(user)
        announce.tell(user, UnreadCount(unread=unread_count, unseen=unseen_count).plain())


def _report_read(user: str, ids: Iterable[str], at: int) -> None:
    """The state is kept already: a log that is away costs the `read` in the delivery's timeline, not the user's act."""
    try:
        reports.produce([Receipt(id=id, user=user, channel="in_app", status=READ, at=at) for id in ids])
    except LogUnavailable as error:
        log.warning("read receipts lost: the log is away", error=str(error))
