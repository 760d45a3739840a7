"""Inboxes in SQL: rows as delivered, exceptions, and the "read up to" mark."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from foundation.clock import now_ms
from notifications.store import readstate
from notifications.store.ages import LATE_MS, oldest_kept
from notifications.store.models import InboxItem, ReadMark, ReadState
from notifications.store.port import InboxEntry, InboxPage, InboxRow, Position, StateChange, UnreadIds
from notifications.store.sql.connection import ALIAS, portions, reachable, write, writing
from templates_app.content import Content

ROWS_A_FETCH = 2_000
NEVER = readstate.NEVER

ADD = """INSERT INTO notifications_by_user
    (id, user, at, type, category, priority, content, expires_at, stored_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"""

# Only a row of this very user takes a state; the greater stamp wins part by part.
CHANGE = """INSERT INTO read_state (id, read, seen, opened, archived)
    SELECT id, %s, %s, %s, %s FROM notifications_by_user WHERE id = %s AND user = %s
    ON CONFLICT (id) DO UPDATE SET read = max(read, excluded.read), seen = max(seen, excluded.seen),
        opened = max(opened, excluded.opened), archived = max(archived, excluded.archived)"""

MARK = """INSERT INTO read_mark (user, up_to) VALUES (%s, %s)
    ON CONFLICT (user) DO UPDATE SET up_to = max(up_to, excluded.up_to)"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Content).decode


class SqlInbox:
    """The inbox half of the port."""

    def add_inbox(self, rows: Sequence[InboxRow]) -> None:
        if not rows:
            return
        contents = [_encode(row.content) for row in rows]
        with writing() as cursor:
            # The time is taken under the write lock: what commits after a mark was set is stored after it.
            now = now_ms()
            cursor.executemany(ADD, [_columns(row, content, now) for row, content in zip(rows, contents, strict=True)])

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
        with reachable():
            mark = _mark(user)
            rows = _where_set(_rows(user), "archived", archived)
            if unread:
                rows = _where_unread(rows, mark)
            if category is not None:
                rows = rows.filter(category=category)
            if before is not None:
                rows = rows.filter(Q(at__lte=before.at) & (Q(at__lt=before.at) | Q(id__lt=before.id)))
            entries = _entries(rows.order_by("-at", "-id")[: limit + 1], mark)
        more, entries = len(entries) > limit, entries[:limit]
        last = entries[-1].row if more else None
        return InboxPage(entries=entries, next=Position(last.at, last.id) if last else None)

    def inbox_since(self, user: str, since: int, *, limit: int, after: Position | None = None) -> list[InboxEntry]:
        rows = _rows(user).filter(Q(at__gte=since) | Q(at__gte=since - LATE_MS, stored_at__gte=since))
        if after is not None:
            rows = rows.filter(Q(at__gte=after.at) & (Q(at__gt=after.at) | Q(id__gt=after.id)))
        with reachable():
            return _entries(_where_set(rows, "archived", False).order_by("at", "id")[:limit], _mark(user))

    def inbox_entries(self, user: str, ids: Collection[str]) -> list[InboxEntry]:
        with reachable():
            mark = _mark(user)
            return [e for some in portions(ids) for e in _entries(_rows(user).filter(id__in=some), mark)]

    def change_state(self, changes: Sequence[StateChange]) -> None:
        write((CHANGE, [(*readstate.stamps_of(change), change.id, change.user) for change in changes]))

    def read_all(self, user: str, up_to: int) -> None:
        write((MARK, [(user, up_to)]))

    def unread_ids(self, users: Collection[str]) -> dict[str, UnreadIds]:
        found = {user: UnreadIds(set(), set()) for user in users}
        with reachable():
            for some in portions(found):
                _collect_unread(some, found)
        return found


def _collect_unread(users: Sequence[str], found: Mapping[str, UnreadIds]) -> None:
    marks = dict(ReadMark.objects.using(ALIAS).filter(user__in=users).values_list("user", "up_to"))
    rows = InboxItem.objects.using(ALIAS).filter(user__in=users, at__gte=oldest_kept())
    columns = ("user", "id", "stored_at", "state__read", "state__seen", "state__archived")
    for user, id, stored_at, read, seen, archived in rows.values_list(*columns).iterator(ROWS_A_FETCH):
        if not readstate.is_set(archived or NEVER):
            mark = marks.get(user, 0)
            if not readstate.is_set_under(read or NEVER, stored_at=stored_at, mark=mark):
                found[user].unread.add(id)
            if not readstate.is_set_under(seen or NEVER, stored_at=stored_at, mark=mark):
                found[user].unseen.add(id)


def _columns(row: InboxRow, content: bytes, now: int) -> tuple[Any, ...]:
    return (
        row.id,
        row.user,
        row.at,
        row.type,
        row.category,
        row.priority,
        content,
        row.expires_at,
        row.stored_at or now,
    )


def _rows(user: str) -> QuerySet[InboxItem]:
    return InboxItem.objects.using(ALIAS).filter(user=user, at__gte=oldest_kept()).select_related("state")


def _word(part: str) -> Coalesce:
    return Coalesce(F(f"state__{part}"), NEVER)


def _mark(user: str) -> int:
    return ReadMark.objects.using(ALIAS).filter(user=user).values_list("up_to", flat=True).first() or 0


def _where_set(rows: QuerySet[InboxItem], part: str, value: bool) -> QuerySet[InboxItem]:
    """`readstate.is_set`, in SQL."""
    return rows.alias(bit=_word(part) % 2).filter(bit=int(value))


def _where_unread(rows: QuerySet[InboxItem], mark: int) -> QuerySet[InboxItem]:
    """`not readstate.is_set_under`, in SQL."""
    outside_mark = Q(stored_at__gt=mark) | Q(read_word__gt=readstate.stamp(mark, True))
    return rows.alias(read_word=_word("read")).alias(read_bit=F("read_word") % 2).filter(outside_mark, read_bit=0)


def _entries(rows: Iterable[InboxItem], mark: int) -> list[InboxEntry]:
    return [_entry(item, mark) for item in rows]


def _entry(item: InboxItem, mark: int) -> InboxEntry:
    state: ReadState | None = getattr(item, "state", None)
    words = readstate.Stamps(state.read, state.seen, state.opened, state.archived) if state else readstate.UNTOUCHED
    return InboxEntry(
        row=InboxRow(
            user=item.user,
            id=item.id,
            at=item.at,
            type=item.type,
            category=item.category,
            content=_decode(item.content),
            priority=item.priority,
            expires_at=item.expires_at,
            stored_at=item.stored_at,
        ),
        read=readstate.is_set_under(words.read, stored_at=item.stored_at, mark=mark),
        seen=readstate.is_set_under(words.seen, stored_at=item.stored_at, mark=mark),
        opened=readstate.is_set(words.opened),
        archived=readstate.is_set(words.archived),
    )
