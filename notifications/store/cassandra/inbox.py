"""Inboxes in Cassandra: a partition a user, newest first; pages are slices, with the exceptions of just their rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

from foundation.clock import now_ms
from notifications.store.ages import LATE_MS, oldest_kept
from notifications.store.cassandra import states
from notifications.store.cassandra.positions import positions_of
from notifications.store.cassandra.reading import read, read_many
from notifications.store.cassandra.stamps import MAX_AT, first_wins, moment_of
from notifications.store.cassandra.states import States
from notifications.store.cassandra.writing import bigint, text, write
from notifications.store.port import InboxEntry, InboxPage, InboxRow, Position, StateChange, UnreadIds
from templates_app.content import Content

ADD = "INSERT INTO {ks}.notifications_by_user (user, at, id, entry) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"

_WHOLE = "SELECT at, id, entry, WRITETIME(entry) FROM {ks}.notifications_by_user WHERE user = ? AND "
_KEYS = "SELECT at, id, WRITETIME(entry) FROM {ks}.notifications_by_user WHERE user = ? AND "
NEWEST_FIRST = _WHOLE + "(at, id) < (?, ?) AND (at) >= (?) LIMIT ?"
OLDEST_FIRST = _WHOLE + "(at, id) > (?, ?) ORDER BY at ASC, id ASC LIMIT ?"
THESE = _WHOLE + "(at, id) IN ?"
KEYS_NEWEST_FIRST = _KEYS + "(at, id) < (?, ?) AND (at) >= (?) LIMIT ?"
STORED = "SELECT user, at, id, WRITETIME(entry) FROM {ks}.notifications_by_user WHERE user = ? AND at >= ?"

NEWEST = Position(MAX_AT, "")
# Rows that aren't shown (archived, or only decided) are made up for by reading some more at once.
SPARE = 8
KEYS_A_SCAN = 1_000
ROWS_A_SCAN = 600
ROWS_A_FETCH = 100
HOUR_MS = 3_600_000


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An inbox row as its cell holds it; the rest is in the key and in the stamp."""

    type: str
    category: str
    priority: str
    expires_at: int | None
    content: Content


class Of(NamedTuple):
    """Whose inbox, and what of it."""

    user: str
    category: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode


class CassandraInbox:
    """The inbox half of the port."""

    def add_inbox(self, rows: Sequence[InboxRow]) -> None:
        now = now_ms()
        write([_add(row, now) for row in rows])

    def inbox_page(
        self,
        user: str,
        *,
        limit: int,
        before: Position | None = None,
        unread: bool = False,
        category: str | None = None,
        archived: bool = False,
    ) -> InboxPage:
        def shown(entry: InboxEntry) -> bool:
            return entry.archived == archived and not (unread and entry.read)

        of = Of(user, category)
        found = _sought(of, before or NEWEST, archived) if unread or archived else _all(of, before or NEWEST, limit)
        entries = list(islice(filter(shown, found), limit + 1))
        more, entries = len(entries) > limit, entries[:limit]
        last = entries[-1].row if more else None
        return InboxPage(entries=entries, next=Position(last.at, last.id) if last else None)

    def inbox_since(self, user: str, since: int, *, limit: int, after: Position | None = None) -> list[InboxEntry]:
        def shown(entry: InboxEntry) -> bool:
            return not entry.archived and max(entry.row.at, entry.row.stored_at) >= since

        start = Position(max(since - LATE_MS, oldest_kept()), "")
        found = _forward(Of(user), start if after is None else max(start, after), limit)
        return list(islice(filter(shown, found), limit))

    def inbox_entries(self, user: str, ids: Collection[str]) -> list[InboxEntry]:
        return _these(Of(user), positions_of(user, ids)) if ids else []

    def change_state(self, changes: Sequence[StateChange]) -> None:
        states.change_state(changes)

    def read_all(self, user: str, up_to: int) -> None:
        states.read_all(user, up_to)

    def unread_ids(self, users: Collection[str]) -> dict[str, UnreadIds]:
        found = {user: UnreadIds(set(), set()) for user in users}
        known = states.all_states(found.keys())
        for user, at, id, stamp in _stored(found.keys(), known):
            of_user = known.get(user) or States()
            if stamp is not None and not of_user.is_archived(id):
                stored_at = moment_of(stamp, at)
                if of_user.is_unread(id, stored_at):
                    found[user].unread.add(id)
                if of_user.is_unseen(id, stored_at):
                    found[user].unseen.add(id)
        return found


def _add(row: InboxRow, now: int) -> tuple[str, tuple[Any, ...]]:
    kept = Kept(row.type, row.category, row.priority, row.expires_at, row.content)
    stamp = first_wins(row.at, row.stored_at or now)
    return ADD, (text(row.user), bigint(row.at), text(row.id), _encode(kept), bigint(stamp))


def _row(user: str, at: int, id: str, entry: bytes, stamp: int) -> InboxRow:
    kept = _decode(entry)
    return InboxRow(
        user=user,
        id=id,
        at=at,
        type=kept.type,
        category=kept.category,
        content=kept.content,
        priority=kept.priority,
        expires_at=kept.expires_at,
        stored_at=moment_of(stamp, at),
    )


def _entries(of: Of, rows: Iterable[tuple[Any, ...]], known: States | None = None) -> list[InboxEntry]:
    """Rows that are in the inbox and of the category, with their state; it is read where it isn't known."""
    inside = [_row(of.user, *row) for row in rows if row[2] is not None]
    if of.category is not None:
        inside = [row for row in inside if row.category == of.category]
    if known is None:
        known = states.states_of(of.user, [row.id for row in inside]) if inside else States()
    return [known.entry(row) for row in inside]


def _all(of: Of, before: Position, limit: int) -> Iterator[InboxEntry]:
    """Every entry, newest first, in slices that grow."""
    oldest = oldest_kept()
    return _sliced(lambda at, size: read(NEWEST_FIRST, of.user, at.at, at.id, oldest, size), of, before, limit)


def _forward(of: Of, after: Position, limit: int) -> Iterator[InboxEntry]:
    """Every entry, oldest first, in slices that grow."""
    return _sliced(lambda at, size: read(OLDEST_FIRST, of.user, at.at, at.id, size), of, after, limit)


def _sliced(
    fetch: Callable[[Position, int], list[tuple[Any, ...]]], of: Of, start: Position, limit: int
) -> Iterator[InboxEntry]:
    size = limit + 1 + limit // SPARE
    while rows := fetch(start, size):
        yield from _entries(of, rows)
        if len(rows) < size:
            return
        start, size = Position(rows[-1][0], rows[-1][1]), min(3 * size, max(size, ROWS_A_SCAN))


def _sought(of: Of, before: Position, archived: bool) -> Iterator[InboxEntry]:
    """Entries that are unread, or archived, newest first: keys are looked through first, only those rows are read."""
    known = states.all_states([of.user]).get(of.user) or States()
    if archived and not known.any_archived():
        return
    oldest = oldest_kept() if archived else _first_unread(known)
    while keys := read(KEYS_NEWEST_FIRST, of.user, before.at, before.id, oldest, KEYS_A_SCAN):
        matching = [
            Position(at, id)
            for at, id, stamp in keys
            if stamp is not None and (known.is_archived(id) if archived else known.is_unread(id, moment_of(stamp, at)))
        ]
        for start in range(0, len(matching), ROWS_A_FETCH):
            yield from _these(of, matching[start : start + ROWS_A_FETCH], known)
        if len(keys) < KEYS_A_SCAN:
            return
        before = Position(keys[-1][0], keys[-1][1])


def _these(of: Of, positions: Sequence[Position], known: States | None = None) -> list[InboxEntry]:
    """The entries at `positions`, newest first."""
    if not positions:
        return []
    oldest = oldest_kept()
    rows = read(THESE, of.user, [(position.at, position.id) for position in positions])
    return _entries(of, [row for row in rows if row[0] >= oldest], known)


def _first_unread(known: States) -> int:
    """No row before this time (ms) counts as unread: a mark covers what was stored until it was set.

    Nothing is stored later than the log keeps it.
    """
    if not known.mark_covers_all():
        return oldest_kept()
    return max(oldest_kept(), known.mark - settings.ENV.LOG_RETENTION_HOURS * HOUR_MS)


def _stored(users: Collection[str], known: Mapping[str, States]) -> list[tuple[Any, ...]]:
    """(user, at, id, stamp) of every row that may count."""
    return read_many(STORED, [(user, _first_unread(known.get(user) or States())) for user in users])
