"""One consumer group in one file: members with leases, owners of partitions, committed offsets.

Times are the machine's monotonic clock in ms, which all its processes share and no clock change moves; one from
before a reboot is recognised by lying further ahead than a lease can. Commits are `synchronous=NORMAL`: they outlive a
`kill -9`. A power cut can take the latest, and then what they covered is done again: a first batch after an
assignment is always marked as a repeat, so nothing more is needed.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from notifications.log.embedded.assignment import fair_counts
from notifications.log.embedded.files import Writer, as_unavailable, connect
from notifications.log.port import TopicPartition

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS members (name TEXT PRIMARY KEY, session INTEGER NOT NULL UNIQUE,"
    " lease_end INTEGER NOT NULL, topics TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS partitions (topic TEXT NOT NULL, partition INTEGER NOT NULL, owner INTEGER,"
    " not_before INTEGER NOT NULL DEFAULT 0, committed INTEGER, PRIMARY KEY (topic, partition)) WITHOUT ROWID",
)
GENERATIONS = 1 << 31
RENEW = "UPDATE members SET lease_end = ? WHERE session = ?"
SELECT_MEMBERS = "SELECT session, topics FROM members"
SELECT_OWNERS = "SELECT partition, owner FROM partitions WHERE topic = ? ORDER BY partition"
SELECT_COMMITTED = "SELECT partition, committed FROM partitions WHERE topic = ? AND committed IS NOT NULL"


def monotonic_ms() -> int:
    """The clock of leases."""
    return time.monotonic_ns() // 1_000_000


class Join(Enum):
    """How a member comes in: a new process takes its name's place over, one that lost it waits until it is free."""

    TAKE_OVER = 1
    IF_FREE = 2


class Place(NamedTuple):
    """A partition one owns: nothing of it may be dispatched before `not_before` (monotonic ms)."""

    not_before: int
    committed: int | None


class Standing(NamedTuple):
    """What a member has after a look at `seen`: its partitions, and how many it holds too many of each topic."""

    seen: int
    generation: int
    owned: dict[TopicPartition, Place]
    surplus: dict[str, int]


class GroupFile:
    """A group's file. One consumer's thread uses `meet`, `commit` and `free`; the reads are anybody's."""

    def __init__(self, path: Path, lease_ms: int, handover_ms: int) -> None:
        self._path = path
        self._lease_ms = lease_ms
        self._handover_ms = handover_ms
        self._writer = Writer(path, synchronous="NORMAL")

    def open(self) -> sqlite3.Connection:
        """Makes the file if it isn't there; a connection to watch it."""
        with as_unavailable():
            with self._writer.transaction() as connection:
                for statement in SCHEMA:
                    connection.execute(statement)
            return connect(self._path, synchronous="NORMAL")

    def meet(
        self, name: str, session: int, topics: Mapping[str, int], *, join: Join | None, renew: bool
    ) -> Standing | None:
        """One look of the member `name`: joins or renews, retires who is dead, takes what is free and due to it.

        `topics` are those it reads with their partition counts. None if it has no place: its lease was over, or another
        process has its name.
        """
        now = monotonic_ms()
        with as_unavailable(), self._writer.transaction() as connection:
            self._retire_dead(connection, now)
            if join is not None:
                joined = self._join(connection, name, session, now, topics, take_over=join is Join.TAKE_OVER)
                if not joined:
                    return None
            elif not _knows(connection, session):
                return None
            surplus = self._take(connection, session, topics)
            if renew:
                connection.execute(RENEW, (now + self._lease_ms, session))
            return Standing(now, _generation(connection), self._places(connection, session, now), surplus)

    def _retire_dead(self, connection: sqlite3.Connection, now: int) -> None:
        """Frees what members hold whose lease is over; what they dispatched last may still be under way."""
        longest = now + self._lease_ms
        dead = connection.execute(
            "SELECT session, lease_end FROM members WHERE lease_end < ? OR lease_end > ?", (now, longest)
        ).fetchall()
        for session, lease_end in dead:
            self._hand_over(connection, session, None, min(lease_end, now))
            connection.execute("DELETE FROM members WHERE session = ?", (session,))
        if dead:
            _announce(connection)

    def _hand_over(self, connection: sqlite3.Connection, old: int, new: int | None, last_dispatch: int) -> None:
        connection.execute(
            "UPDATE partitions SET owner = ?, not_before = max(not_before, ?) WHERE owner = ?",
            (new, last_dispatch + self._handover_ms, old),
        )

    def _join(
        self,
        connection: sqlite3.Connection,
        name: str,
        session: int,
        now: int,
        topics: Mapping[str, int],
        *,
        take_over: bool,
    ) -> bool:
        """A member that comes back under its name has its partitions back at once: its old process is dead."""
        before = connection.execute("SELECT session FROM members WHERE name = ?", (name,)).fetchone()
        if before is not None and not take_over:
            return False
        if before is not None:
            self._hand_over(connection, before[0], session, now)
        names = json.dumps([*topics])
        connection.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", (name, session, now, names))
        connection.execute(
            "UPDATE partitions SET owner = NULL WHERE owner = ? AND topic NOT IN (SELECT value FROM json_each(?))",
            (session, names),
        )
        _announce(connection)
        return True

    def _take(self, connection: sqlite3.Connection, session: int, topics: Mapping[str, int]) -> dict[str, int]:
        """Takes what is free and due to `session`; returns how many it holds too many of each topic."""
        members = [(owner, set(json.loads(read))) for owner, read in connection.execute(SELECT_MEMBERS)]
        surplus = {}
        for topic, count in topics.items():
            owners = _owners(connection, topic, count)
            holding = Counter(owners.values())
            readers = {owner: holding[owner] for owner, read in members if topic in read}
            due = fair_counts(readers, count)[session] - holding[session]
            free = [partition for partition, owner in owners.items() if owner is None]
            connection.executemany(
                "UPDATE partitions SET owner = ? WHERE topic = ? AND partition = ?",
                [(session, topic, partition) for partition in free[: max(0, due)]],
            )
            surplus[topic] = max(0, -due)
        return surplus

    def _places(self, connection: sqlite3.Connection, session: int, now: int) -> dict[TopicPartition, Place]:
        furthest = now + self._lease_ms + self._handover_ms
        return {
            TopicPartition(topic, partition): Place(not_before if not_before <= furthest else 0, committed)
            for topic, partition, not_before, committed in connection.execute(
                "SELECT topic, partition, not_before, committed FROM partitions WHERE owner = ?", (session,)
            )
        }

    def commit(self, session: int, offsets: Mapping[TopicPartition, int]) -> None:
        """Keeps `offsets` for the partitions that `session` owns; the others are ignored."""
        with as_unavailable(), self._writer.transaction() as connection:
            connection.executemany(
                "UPDATE partitions SET committed = ? WHERE topic = ? AND partition = ? AND owner = ?",
                [(offset, topic, partition, session) for (topic, partition), offset in offsets.items()],
            )

    def free(self, session: int, partitions: Mapping[TopicPartition, bool], *, leave: bool = False) -> None:
        """Gives partitions up: True where nothing is under way, else their next owner waits for the handover.

        `leave` ends the membership too.
        """
        under_way = monotonic_ms() + self._handover_ms
        with as_unavailable(), self._writer.transaction() as connection:
            connection.executemany(
                "UPDATE partitions SET owner = NULL, not_before = max(not_before, ?)"
                " WHERE topic = ? AND partition = ? AND owner = ?",
                [(0 if clean else under_way, *place, session) for place, clean in partitions.items()],
            )
            if leave:
                connection.execute("DELETE FROM members WHERE session = ?", (session,))
            _announce(connection)

    def close(self) -> None:
        self._writer.close()


def read_committed(connection: sqlite3.Connection, topic: str) -> dict[int, int]:
    """The offsets a group has committed; empty where it hasn't."""
    made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'partitions'").fetchone()[0]
    return dict(connection.execute(SELECT_COMMITTED, (topic,)).fetchall()) if made else {}


def read_generation(connection: sqlite3.Connection) -> int:
    """A number that moves whenever members come or go or partitions become free, and not with renewals and commits."""
    with as_unavailable():
        return _generation(connection)


def _generation(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _announce(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version = {(_generation(connection) + 1) % GENERATIONS}")


def _knows(connection: sqlite3.Connection, session: int) -> bool:
    return connection.execute("SELECT 1 FROM members WHERE session = ?", (session,)).fetchone() is not None


def _owners(connection: sqlite3.Connection, topic: str, count: int) -> dict[int, int | None]:
    """Who owns each partition of `topic`; those that are new get their row."""
    owners = dict(connection.execute(SELECT_OWNERS, (topic,)).fetchall())
    new = [partition for partition in range(count) if partition not in owners]
    connection.executemany("INSERT INTO partitions (topic, partition) VALUES (?, ?)", [(topic, p) for p in new])
    return owners | dict.fromkeys(new)
