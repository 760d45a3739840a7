"""SQLite as the embedded log uses it: connections, errors, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import LogUnavailable

PAGE_SIZE = 4096
BUSY_S = 5.0
WRITE_WAIT_S = 5.0
FIRST_PAUSE_S = 0.0002
LONGEST_PAUSE_S = 0.002


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Turns what SQLite or the file system refuses (full, locked, unreadable) into LogUnavailable."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LogUnavailable(f"the embedded log: {error}") from error


def connect(path: Path, *, synchronous: str, max_bytes: int = 0) -> sqlite3.Connection:
    """A connection in WAL mode and autocommit, fit to be passed between threads that take turns.

    `synchronous` is SQLite's (FULL: a commit is on the disk; NORMAL: it outlives the process, not the power).
    `max_bytes` bounds the file; 0 means the disk does. Raises sqlite3.Error.
    """
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    if max_bytes:
        connection.execute(f"PRAGMA max_page_count={max(1, max_bytes // PAGE_SIZE)}")
    return connection


class Turn:
    """Whose turn it is to write a file, among all processes and threads: a lock file beside it.

    SQLite's own write lock would do, but it is waited for in steps of up to 100 ms, and SQLite before 3.51.3 can
    corrupt a WAL when one connection checkpoints while another writes. Under this lock neither happens: a checkpoint
    runs inside the commit that sets it off. The lock ends with its process, however that dies.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.stem
        self._file: int | None = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        if self._file is None:
            raise LogUnavailable(f"{self._name} is closed")
        deadline, pause = 0.0, FIRST_PAUSE_S
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                deadline = deadline or time.monotonic() + WRITE_WAIT_S
                if time.monotonic() > deadline:
                    raise LogUnavailable(f"{self._name} is held by a process that doesn't go on") from None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class Writer:
    """A connection that writes, with its turn. Not thread-safe: its users take turns themselves."""

    def __init__(self, path: Path, *, synchronous: str, max_bytes: int = 0) -> None:
        self._open = lambda: connect(path, synchronous=synchronous, max_bytes=max_bytes)
        self._turn = Turn(path)
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction; what goes wrong undoes it, and the next one starts on a fresh connection."""
        with self._turn:
            connection = self._connection = self._connection or self._open()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._drop()
                raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        self._drop()
        self._turn.close()


class Readers:
    """Idle reading connections of one file, lent to whichever thread asks."""

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self._open = lambda: connect(path, synchronous=synchronous)
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A connection for a few short statements. Raises LogUnavailable."""
        with as_unavailable():
            connection = self._idle.pop() if self._idle else self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
        self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
