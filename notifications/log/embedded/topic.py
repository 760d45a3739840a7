"""One topic in one file.

A file per topic keeps lanes and topics apart: a full or a busy one holds up no other, and one look tells cheaply
whether something came.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from foundation.clock import now_ms
from notifications.log.embedded import rows
from notifications.log.embedded.chunks import CHUNK_BYTES, Chunk, Packed, pack, unpack
from notifications.log.embedded.files import Readers, Writer, as_unavailable, connect
from notifications.log.embedded.writing import GroupCommit
from notifications.log.port import LogRecord

READ_RECORDS = 1_000
READ_BYTES = 4 * CHUNK_BYTES
ROWS_A_DELETE = 1_000


class _Prepared(NamedTuple):
    """What one produce call has for this topic, packed for `partitions` of them."""

    records: list[Packed]
    partitions: int
    chunks: list[Chunk]

    def fitted(self, partitions: int) -> list[Chunk]:
        """The chunks for the count there is by now: another process may have grown the topic."""
        return self.chunks if partitions == self.partitions else pack(self.records, partitions)


class TopicFile:
    """A topic's file. Thread-safe; every method raises LogUnavailable where the file can't be read or written."""

    def __init__(self, path: Path, name: str, max_bytes: int) -> None:
        self.name = name
        self._path = path
        self._readers = Readers(path, synchronous="FULL")
        self._appender = Writer(path, synchronous="FULL", max_bytes=max_bytes)
        self._calls = GroupCommit(self._append)
        self._keeper = Writer(path, synchronous="FULL", max_bytes=max_bytes)
        self._keeping = Lock()
        self._partitions = 0

    def resize(self, partitions: int) -> None:
        """Makes the topic, or grows it, to `partitions`; never shrinks it."""
        with self._keeping, as_unavailable(), self._keeper.transaction() as connection:
            for statement in rows.SCHEMA:
                connection.execute(statement)
            raw, timestamp = connection.execute(rows.SELECT_HEAD).fetchone()
            ends = array("q", raw)
            ends.extend([0] * (partitions - len(ends)))
            connection.execute(rows.UPDATE_HEAD, (ends.tobytes(), timestamp))

    def append(self, records: list[Packed]) -> None:
        """Appends (key, value, headers) records and returns once they are on the disk."""
        partitions = self._partitions or len(self.ends())
        self._calls.submit(_Prepared(records, partitions, pack(records, partitions)))

    def _append(self, calls: list[_Prepared]) -> None:
        with as_unavailable(), self._appender.transaction() as connection:
            raw, before = connection.execute(rows.SELECT_HEAD).fetchone()
            ends = array("q", raw)
            # Time never goes back within a topic, whatever the clock does: the search by time relies on it.
            timestamp = max(now_ms(), before)
            stored = [row for call in calls for row in _placed(call.fitted(len(ends)), ends, timestamp)]
            connection.executemany(rows.INSERT_CHUNK, stored)
            connection.execute(rows.UPDATE_HEAD, (ends.tobytes(), timestamp))
        self._partitions = len(ends)

    def delete_before(self, timestamp: int) -> int:
        """Removes chunks appended before `timestamp` (ms); returns how many records that were."""
        removed = 0
        for partition, bound in self.offset_at(timestamp).items():
            while (slice_ := self._delete(partition, bound)) > 0:
                removed += slice_
        return removed

    def _delete(self, partition: int, bound: int) -> int:
        """A slice at a time, so that producers get their turn."""
        if not bound:
            return 0
        first, last = rows.key(partition, 0), rows.key(partition, bound - 1)
        with self._keeping, as_unavailable(), self._keeper.transaction() as connection:
            return sum(count for (count,) in connection.execute(rows.DELETE_CHUNKS, (first, last, ROWS_A_DELETE)))

    def connect(self) -> sqlite3.Connection:
        """A reading connection of the caller's own."""
        with as_unavailable():
            return connect(self._path, synchronous="FULL")

    def ends(self) -> array[int]:
        """The end offset of each partition."""
        with self._readers.borrow() as connection:
            ends = rows.read_head(connection)
        self._partitions = len(ends)
        return ends

    def partition_count(self) -> int:
        """How many partitions there are; 0 for a file whose making was cut short."""
        with self._readers.borrow() as connection:
            made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'head'").fetchone()[0]
            return len(rows.read_head(connection)) if made else 0

    def begins(self) -> dict[int, int]:
        """The first offset still kept of each partition."""
        with self._readers.borrow() as connection:
            ends = enumerate(rows.read_head(connection))
            return {partition: rows.begin_offset(connection, partition, end) for partition, end in ends}

    def offset_at(self, timestamp: int) -> dict[int, int]:
        """For each partition the first offset appended at or after `timestamp` (ms); the end if there is none."""
        with self._readers.borrow() as connection:
            ends = enumerate(rows.read_head(connection))
            return {partition: rows.offset_at(connection, partition, end, timestamp) for partition, end in ends}

    def read(self, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """Streams the records in [start, end), a few chunks in memory at a time."""
        while start < end:
            with self._readers.borrow() as connection:
                page = rows.read_rows(connection, partition, start, end, records=READ_RECORDS, size=READ_BYTES)
            if not page:
                return
            for row in page:
                yield from (record for record in unpack(self.name, partition, row, start) if record.offset < end)
            start = page[-1].base + page[-1].length

    def close(self) -> None:
        for part in (self._readers, self._appender, self._keeper):
            part.close()


def _placed(chunks: list[Chunk], ends: array[int], timestamp: int) -> Iterator[tuple[int, int, int, bytes]]:
    """The chunks as rows behind `ends`, which they move."""
    for partition, count, data in chunks:
        ends[partition] += count
        yield rows.key(partition, ends[partition] - 1), count, timestamp, data
