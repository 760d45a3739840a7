"""Read state in Cassandra: one partition a user, one row for each exception, and the mark in the row without an id.

A part is a column that holds its stamp (notifications.store.readstate) and is written under the time of that word: the
later one wins by itself, and of two at one time the greater stamp, which sets. Nothing is read before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from notifications.store import readstate
from notifications.store.cassandra.reading import read, read_keys
from notifications.store.cassandra.stamps import MS
from notifications.store.cassandra.writing import UNSET, Write, bigint, text, write
from notifications.store.port import InboxEntry, InboxRow, StateChange
from notifications.store.readstate import NEVER, UNTOUCHED, Stamps, is_set, is_set_under

CHANGE = (
    "INSERT INTO {ks}.read_state (user, id, read, seen, opened, archived) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
OF_SOME = "SELECT user, id, read, seen, opened, archived FROM {ks}.read_state WHERE user = ? AND id IN ?"
OF_USERS = "SELECT user, id, read, seen, opened, archived FROM {ks}.read_state WHERE user IN ?"

MARK = ""


class States(msgspec.Struct):
    """What is known of one user's read state: the mark (ms), and the exceptions by id."""

    mark: int = 0
    words: dict[str, Stamps] = {}

    def entry(self, row: InboxRow) -> InboxEntry:
        words = self.words.get(row.id, UNTOUCHED)
        return InboxEntry(
            row=row,
            read=is_set_under(words.read, stored_at=row.stored_at, mark=self.mark),
            seen=is_set_under(words.seen, stored_at=row.stored_at, mark=self.mark),
            opened=is_set(words.opened),
            archived=is_set(words.archived),
        )

    def is_unread(self, id: str, stored_at: int) -> bool:
        return not is_set_under(self.words.get(id, UNTOUCHED).read, stored_at=stored_at, mark=self.mark)

    def is_unseen(self, id: str, stored_at: int) -> bool:
        return not is_set_under(self.words.get(id, UNTOUCHED).seen, stored_at=stored_at, mark=self.mark)

    def is_archived(self, id: str) -> bool:
        return is_set(self.words.get(id, UNTOUCHED).archived)

    def any_archived(self) -> bool:
        return any(is_set(words.archived) for words in self.words.values())

    def mark_covers_all(self) -> bool:
        """Whether nothing that the mark covers was set to unread or unseen since."""
        limit = readstate.stamp(self.mark, True)
        return not any(
            word > limit and not is_set(word) for words in self.words.values() for word in (words.read, words.seen)
        )


def change_state(changes: Sequence[StateChange]) -> None:
    """Applies them all. Raises StoreUnavailable."""
    write([_change(change.user, change.id, change.at, readstate.stamps_of(change)) for change in changes])


def read_all(user: str, up_to: int) -> None:
    """Sets the mark. Raises StoreUnavailable."""
    write([_change(user, MARK, up_to, Stamps(read=readstate.stamp(up_to, True)))])


def states_of(user: str, ids: Iterable[str]) -> States:
    """The mark and the exceptions among `ids`. Raises StoreUnavailable."""
    return _gathered(read(OF_SOME, user, [MARK, *ids])).get(user, States())


def all_states(users: Collection[str]) -> Mapping[str, States]:
    """The mark and every exception of each user. Raises StoreUnavailable."""
    return _gathered(read_keys(OF_USERS, users))


def _gathered(rows: Iterable[tuple[Any, ...]]) -> Mapping[str, States]:
    found: dict[str, States] = defaultdict(States)
    for user, id, *words in rows:
        stamps = Stamps(*[word or NEVER for word in words])
        if id == MARK:
            found[user].mark = stamps.read // 2
        else:
            found[user].words[id] = stamps
    return found


def _change(user: str, id: str, at: int, words: Stamps) -> Write:
    parts = [UNSET if word == NEVER else bigint(word) for word in words]
    return CHANGE, (text(user), text(id), *parts, bigint(at * MS))
