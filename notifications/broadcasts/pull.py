"""Fan-out on read: a broadcast to more than a million is merged when an inbox is read (contract §7, decision 21).

Who belongs is the frozen audience, held here as one compressed bitmap a broadcast. Whoever reads asks `bring` first:
what is there for him and isn't in his inbox yet comes into it now, under its computed id, at the place of the
broadcast's start; what was recalled leaves it. From then on it is a row like any other, so pages, counts, marks and
sockets need to know nothing of broadcasts. Who never looks costs nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
import structlog
from django.conf import settings
from django.db.models import Q
from pyroaring import BitMap

from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable
from foundation.identifiers import broadcast_notification_id, broadcast_of
from notifications import unread
from notifications.broadcasts import book, ledger
from notifications.broadcasts.models import AudiencePortion, Broadcast
from notifications.store import get_store
from notifications.store.port import InboxEntry, InboxRow, StateChange
from preferences.decide import SEND, decide
from preferences.facts import Profile, Question
from preferences.profiles import profiles
from templates_app.catalog import get_catalog
from templates_app.content import Content, RenderRequest
from templates_app.recipient import recipient
from templates_app.render import render

LOOK_EVERY_S = 1.0
DAY_MS = 86_400_000
REMEMBERED = 200_000

User: TypeAlias = str
Id: TypeAlias = str

log = structlog.get_logger(__name__)


class Members:
    """Who belongs, compressed as it is kept: 30 million take 4 MB."""

    def __init__(self, portions: Iterable[tuple[int, BitMap]]) -> None:
        self._chunks: dict[int, BitMap] = {}
        for chunk, bits in portions:
            self._chunks[chunk] = self._chunks[chunk] | bits if chunk in self._chunks else bits

    def __contains__(self, key: int) -> bool:
        chunk, bit = ledger.place(key)
        return bit in self._chunks.get(chunk, ())


class Pulled(msgspec.Struct, frozen=True):
    """A pull broadcast as readers hold it."""

    row: Broadcast
    members: Members
    recalled: bool


class _Shelf:
    """This process's view of the pull broadcasts: looked at once a second, bitmaps read once."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._pulled: dict[Id, Pulled] = {}

    def look(self) -> list[Pulled]:
        """Those that are in inboxes' time. With the database away those known before."""
        if not self._looked_at or time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            try:
                with control_plane():
                    rows = list(_of_inboxes())
                    self._pulled = {row.pk: self._held(row) for row in rows}
            except ControlPlaneUnavailable as error:
                log.warning("pull broadcasts stay as they were", why=str(error))
        return list(self._pulled.values())

    def _held(self, row: Broadcast) -> Pulled:
        there = self._pulled.get(row.pk)
        members = there.members if there else Members(_portions(row.pk))
        return Pulled(row, members, row.recalled_at is not None)

    def forget(self) -> None:
        """The next look asks anew."""
        self._looked_at = 0.0


SHELF = _Shelf()
# A user's numeric key changes only when an erased id is registered anew: before anything is brought it is asked again.
# Who was brought what is asked of the store once a process.
_keys: OrderedDict[User, int] = OrderedDict()
_settled: OrderedDict[tuple[User, Id, bool], None] = OrderedDict()


def bring(users: Collection[User]) -> None:
    """Merges the pull broadcasts into the inboxes of `users`. Nothing to do costs nothing.

    Raises StoreUnavailable, redis.ConnectionError. With the database away the inboxes stay as they are.
    """
    pulled = SHELF.look()
    if not pulled:
        return
    try:
        with control_plane():
            open_ = _open(users, pulled, _keys_of(users))
            if open_:
                keys = _asked_again({user for user, _ in open_})
                _settle(_open(keys, pulled, keys), keys)
    except ControlPlaneUnavailable:
        return


def _open(users: Iterable[User], pulled: Iterable[Pulled], keys: Mapping[User, int]) -> list[tuple[User, Pulled]]:
    """What this process didn't bring yet to those who belong."""
    return [
        (user, each)
        for each in pulled
        for user in users
        if user in keys and (user, each.row.pk, each.recalled) not in _settled and keys[user] in each.members
    ]


def _settle(asked: list[tuple[User, Pulled]], keys: dict[User, int]) -> None:
    wanted: dict[User, dict[Id, Pulled]] = {}
    for user, each in asked:
        wanted.setdefault(user, {})[broadcast_notification_id(each.row.pk, keys[user])] = each
    there = {user: {e.row.id: e for e in get_store().inbox_entries(user, ids)} for user, ids in wanted.items()}
    new = [(u, id, each) for u, ids in wanted.items() for id, each in ids.items() if id not in there[u]]
    _add([one for one in new if not one[2].recalled])
    for user, ids in wanted.items():
        _remove(user, [entry for id, entry in there[user].items() if ids[id].recalled and not entry.archived])
    for user, each in asked:
        _remember(_settled, (user, each.row.pk, each.recalled), None)


def _add(new: list[tuple[User, Id, Pulled]]) -> None:
    if not new:
        return
    known = profiles([user for user, _, _ in new])
    rows = [row for user, id, each in new if (row := _row(user, id, each.row, known[user])) is not None]
    get_store().add_inbox(rows)
    unread.add([(row.user, row.id) for row in rows])


def _remove(user: User, entries: list[InboxEntry]) -> None:
    """What was recalled is out of the inbox and counts as read."""
    if not entries:
        return
    at = now_ms()
    with unread.changing(user):
        get_store().change_state(
            [StateChange(user=user, id=e.row.id, at=at, read=True, seen=True, archived=True) for e in entries]
        )


def _row(user: User, id: Id, row: Broadcast, profile: Profile) -> InboxRow | None:
    """The row this user gets; None for who gets none: erased, expired, or without words."""
    facts, at = get_catalog().facts(row.type), row.started_at or row.created_at
    question = Question(
        id=id, user=user, priority=row.priority, now=now_ms(), channels=("in_app",), expires_at=row.expires_at
    )
    if facts is None or decide(question, facts, profile)[0].verdict != SEND:
        return None
    request = RenderRequest(
        type=row.type,
        channel="in_app",
        locale=profile.locale,
        data=row.data,
        template_version=row.template_version,
        recipient=recipient(user, profile.locale, channel="in_app", category=facts.category, mandatory=facts.mandatory),
    )
    content = render([request])[0]
    if not isinstance(content, Content):
        return None
    return InboxRow(
        user=user,
        id=id,
        at=at,
        type=row.type,
        category=facts.category,
        content=content,
        priority=row.priority,
        expires_at=row.expires_at,
    )


def recalled(ids: Iterable[Id]) -> frozenset[Id]:
    """Those of the notifications whose pull broadcast was recalled: they are shown nowhere."""
    gone = {each.row.pk for each in SHELF.look() if each.recalled}
    return frozenset(id for id in ids if gone and (found := broadcast_of(id)) and found[0] in gone)


def make_available(row: Broadcast) -> None:
    """In the ledger everybody's in-app is there for whoever looks. Raises ControlPlaneUnavailable."""
    for chunk, bits in _portions(row.pk):
        book.fold({(row.pk, "in_app", chunk): {ledger.AVAILABLE: bits}})


def _of_inboxes() -> Iterable[Broadcast]:
    kept = Q(started_at__gte=now_ms() - settings.INBOX_DAYS * DAY_MS) & Q(walk__is_frozen=True, pull=True)
    return Broadcast.objects.filter(kept).order_by("pk")


def _portions(id: Id) -> Iterator[tuple[int, BitMap]]:
    rows = AudiencePortion.objects.filter(broadcast_id=id).order_by("wave", "chunk").values_list("chunk", "bits")
    for chunk, bits in rows.iterator(50):
        yield chunk, BitMap.deserialize(bytes(bits))


def _keys_of(users: Collection[User]) -> dict[User, int]:
    missing = [user for user in users if user not in _keys]
    if missing:
        for user, key in book.keys_of(missing).items():
            _remember(_keys, user, key)
    return {user: _keys[user] for user in users if user in _keys}


def _asked_again(users: Collection[User]) -> dict[User, int]:
    for user in users:
        _keys.pop(user, None)
    return _keys_of(users)


def _remember(kept: OrderedDict, key: object, value: object) -> None:
    kept[key] = value
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
