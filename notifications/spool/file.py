"""One process's spool: a SQLite file in WAL mode, a row a line.

SQLite's frames carry lengths and checksums: what a killed process left half-written is recognised and skipped when the
file is next opened, and a commit with synchronous=FULL is on the disk before it returns. Lines that come together share
one commit. Numbers only grow, also after lines were removed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from foundation.clock import now_ms
from foundation.errors import LogUnavailable
from notifications.log.embedded.files import Writer, connect
from notifications.log.embedded.writing import GroupCommit
from notifications.log.port import Message

SUFFIX = ".sqlite3"
SCHEMA = """
    CREATE TABLE IF NOT EXISTS line (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL,
        value BLOB NOT NULL, headers TEXT NOT NULL, at INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS line_id ON line (id);
    CREATE INDEX IF NOT EXISTS line_undone ON line (topic, number) WHERE done = 0;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT OR IGNORE INTO meta VALUES ('done', 0);
"""
COLUMNS = "number, id, topic, key, value, headers, at, done"
AFTER = f"SELECT {COLUMNS} FROM line WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608
OF_TOPIC = f"SELECT {COLUMNS} FROM line WHERE number > ? AND topic = ? ORDER BY number LIMIT ?"  # noqa: S608
UNDONE = f"SELECT {COLUMNS} FROM line WHERE number > ? AND topic = ? AND done = 0 ORDER BY number LIMIT ?"  # noqa: S608
BY_ID = f"SELECT {COLUMNS} FROM line WHERE id = ? ORDER BY number LIMIT 1"  # noqa: S608
PUT = "INSERT INTO line (id, topic, key, value, headers, at) VALUES (?, ?, ?, ?, ?, ?)"


class Line(NamedTuple):
    """A message that waits for the log. `id` is its notification's; `at` when it was spooled (ms); `done`: the direct
    way has settled it, so that only the log has yet to hear of it."""

    number: int
    id: str
    message: Message
    at: int
    done: bool


class Standing(NamedTuple):
    """How a spool stands. `oldest` is when its oldest line was spooled (ms, 0 without lines); `direct` counts the lines
    that the direct way ever settled."""

    rows: int
    undone: int
    oldest: int
    direct: int


class SpoolFile:
    """A spool that this process owns. Thread-safe. Everything raises LogUnavailable when the disk doesn't do it."""

    def __init__(self, path: Path, *, max_bytes: int = 0) -> None:
        """`max_bytes` bounds the file (0: the disk does); beyond it nothing is taken."""
        self.path = path
        self._writer = Writer(path, synchronous="FULL", max_bytes=max_bytes)
        self._turn = Lock()
        self._commit: GroupCommit[list[tuple[Any, ...]]] = GroupCommit(self._write)
        with _as_unavailable(path), closing(connect(path, synchronous="FULL")) as connection:
            connection.executescript(SCHEMA)

    @property
    def name(self) -> str:
        """Node and owner, as the file is called."""
        return self.path.name.removesuffix(SUFFIX)

    def put(self, lines: Sequence[tuple[str, Message]]) -> None:
        """Keeps (notification id, message) pairs, in order; they are on the disk when this returns."""
        at = now_ms()
        self._commit.submit([(id, *message[:3], _headers(message), at) for id, message in lines])

    def _write(self, calls: list[list[tuple[Any, ...]]]) -> None:
        with self._transaction() as connection:
            connection.executemany(PUT, [row for rows in calls for row in rows])

    def lines(self, topic: str, *, after: int = 0, limit: int, undone: bool = False) -> list[Line]:
        """Up to `limit` lines of `topic` with a number above `after`, in order; `undone`: those that aren't done."""
        return [_line(row) for row in _rows(self.path, UNDONE if undone else OF_TOPIC, (after, topic, limit))]

    def settle(self, topic: str, before: int) -> int:
        """The direct way has done all lines of `topic` with a number below `before`; how many that were."""
        with self._transaction() as connection:
            sql = "UPDATE line SET done = 1 WHERE topic = ? AND number < ? AND done = 0"
            done: int = connection.execute(sql, (topic, before)).rowcount
            connection.execute("UPDATE meta SET value = value + ? WHERE name = 'done'", (done,))
        return done

    def remove(self, numbers: Sequence[int]) -> None:
        """These are on the log."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM line WHERE number = ?", [(number,) for number in numbers])

    def topics(self) -> set[str]:
        """The topics of which any line is here, done or not."""
        return {topic for (topic,) in _rows(self.path, "SELECT DISTINCT topic FROM line", ())}

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _as_unavailable(self.path), self._writer.transaction() as connection:
            yield connection

    def close(self) -> None:
        """Closes the file; its lines stay."""
        with self._turn:
            self._writer.close()


# --- looking into any spool, also another process's


def standing(path: Path) -> Standing:
    """How the spool at `path` stands. Raises LogUnavailable."""
    sql = """SELECT COUNT(*), COALESCE(SUM(done = 0), 0), COALESCE(MIN(at), 0),
        (SELECT value FROM meta WHERE name = 'done') FROM line"""
    return Standing(*next(iter(_rows(path, sql, ())), (0, 0, 0, 0)))


def read(path: Path, *, batch: int = 1_000) -> Iterator[Line]:
    """Streams all lines of the spool at `path`, in order, in bounded memory. Raises LogUnavailable."""
    after, more = 0, True
    while more:
        found = [_line(row) for row in _rows(path, AFTER, (after, batch))]
        yield from found
        more = len(found) == batch
        after = found[-1].number if found else after


def find(path: Path, id: str) -> Message | None:
    """The message that waits at `path` for the notification `id`, or None. Raises LogUnavailable."""
    found = _rows(path, BY_ID, (id,))
    return _line(found[0]).message if found else None


def _rows(path: Path, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Read-only: who only looks never checkpoints what its owner writes."""
    with _as_unavailable(path):
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            try:
                return connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # its owner is just making it
                    return []
                raise


@contextmanager
def _as_unavailable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LogUnavailable(f"the spool {path.name}: {error}") from error


def _headers(message: Message) -> str:
    return msgspec.json.encode(dict(message.headers or {})).decode()


def _line(row: tuple[Any, ...]) -> Line:
    number, id, topic, key, value, headers, at, done = row
    return Line(number, id, Message(topic, key, value, msgspec.json.decode(headers) or None), at, bool(done))
