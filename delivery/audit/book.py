"""All notifications of an audit, in a scratch file: memory stays bounded however many there are.

The counts are kept as entries change, so that whoever reads on from where it was (delivery.ledger) pays for what is new
only. The file belongs to this process alone and is gone with it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import RLock

import msgspec

from delivery.audit.entry import Entry, Standing, apply, column, standings
from delivery.audit.facts import Accepted, Fact
from notifications.status import LEDGER_IN_FLIGHT, ledger_bucket

CACHE_KIB = 48 * 1024
ROWS_A_FETCH = 1_000
_EVER = 2**62

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode

SCHEMA = """
    CREATE TABLE entry (
        id TEXT PRIMARY KEY, touched INTEGER NOT NULL, look INTEGER NOT NULL, state BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX entry_look ON entry (touched) WHERE look = 1;
"""
PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
SELECT = "SELECT id, state FROM entry WHERE id IN (SELECT value FROM json_each(?))"
WRITE = """INSERT INTO entry VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET touched = excluded.touched, look = excluded.look, state = excluded.state"""
ALL = "SELECT id, state FROM entry"
TO_LOOK_AT = "SELECT id, state FROM entry WHERE look = 1 AND touched < ? ORDER BY touched LIMIT ?"


class Book:
    """Entries by notification id. Thread-safe. `notifications` and `deliveries` count by ledger column, `standings` by
    (channel, status, reason); `accepted` counts ids once, however often they stood on an intake topic.
    """

    def __init__(self, folder: Path) -> None:
        self.accepted = 0
        self.notifications: Counter[str] = Counter()
        self.deliveries: Counter[str] = Counter()
        self.standings: Counter[Standing] = Counter()
        self._lock = RLock()
        self._scratch = tempfile.NamedTemporaryFile(dir=folder, prefix="audit-")  # noqa: SIM115  closed in close()
        self._database = sqlite3.connect(self._scratch.name, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{CACHE_KIB};"
        )
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Forgets everything."""
        self._database.close()
        self._scratch.close()

    def add(self, facts: Iterable[Fact], *, at: int = 0, untracked: bool = False) -> None:
        """Folds a batch of facts in, as of `at` (ms). Facts about what was never accepted are left out: they belong to
        notifications that came after the look began, or that left the log before.
        """
        by_id: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            by_id[fact.id].append(fact)
        with self._lock:
            known = self._load(list(by_id))
            changed = {}
            for id, some in by_id.items():
                entry = known.get(id)
                if entry is None and not any(isinstance(fact, Accepted) for fact in some):
                    continue
                changed[id] = self._fold(entry, some, untracked)
            self._save(changed, at)

    def _load(self, ids: Sequence[str]) -> dict[str, Entry]:
        rows = self._database.execute(SELECT, (msgspec.json.encode(ids).decode(),))
        return {id: _decode(state) for id, state in rows}

    def _fold(self, entry: Entry | None, facts: list[Fact], untracked: bool) -> tuple[Entry, bool]:
        if entry is None:
            entry = Entry()
            self.accepted += 1
        else:
            self._count(entry, -1)
        for fact in facts:
            apply(entry, fact)
        entry.untracked |= untracked
        where = self._count(entry, 1)
        deliveries = entry.deliveries.values()
        odd = any(len(one.sent) > 1 for one in deliveries) or not any(one.decided for one in deliveries)
        return entry, odd or where == LEDGER_IN_FLIGHT

    def _count(self, entry: Entry, step: int) -> str:
        found = standings(entry)
        for one in found:
            self.standings[one] += step
            self.deliveries[ledger_bucket(one.status)] += step
        where = column(found)
        self.notifications[where] += step
        return where

    def _save(self, changed: dict[str, tuple[Entry, bool]], at: int) -> None:
        rows = [(id, at, int(look), _encode(entry)) for id, (entry, look) in changed.items()]
        self._database.execute("BEGIN")
        self._database.executemany(WRITE, rows)
        self._database.execute("COMMIT")

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Streams all entries by id. Nothing may be added meanwhile."""
        yield from self._stream(ALL, ())

    def to_look_at(self, before: int = _EVER, limit: int = -1) -> Iterator[tuple[str, Entry]]:
        """Streams what isn't simply done (in flight, not decided, handed over more than once) and of which nothing was
        heard since `before` (ms); the longest silent first, up to `limit` (-1: all). Nothing may be added meanwhile.
        """
        yield from self._stream(TO_LOOK_AT, (before, limit))

    def _stream(self, sql: str, values: tuple[int, ...]) -> Iterator[tuple[str, Entry]]:
        with self._lock:
            cursor = self._database.execute(sql, values)
            while rows := cursor.fetchmany(ROWS_A_FETCH):
                yield from ((id, _decode(state)) for id, state in rows)
