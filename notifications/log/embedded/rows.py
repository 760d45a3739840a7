"""The tables of a topic's file, and the reads on them.

`chunks` is clustered by partition and last offset, so that "the first chunk that holds an offset" is one seek; `head`
is one row with the end offset of every partition, so that one look tells what is new.
"""

from __future__ import annotations

import sqlite3
from array import array
from typing import NamedTuple

OFFSET_BITS = 40
OFFSET_MASK = (1 << OFFSET_BITS) - 1

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS chunks"
    " (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS head"
    " (id INTEGER PRIMARY KEY CHECK (id = 0), ends BLOB NOT NULL, timestamp INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO head VALUES (0, x'', 0)",
)
INSERT_CHUNK = "INSERT INTO chunks (id, count, timestamp, data) VALUES (?, ?, ?, ?)"
SELECT_HEAD = "SELECT ends, timestamp FROM head"
UPDATE_HEAD = "UPDATE head SET ends = ?, timestamp = ?"
SELECT_CHUNKS = "SELECT id, count, timestamp, data FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"
SELECT_EDGE = "SELECT id, count, timestamp FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1"
DELETE_CHUNKS = (
    "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)"
    " RETURNING count"
)


class Row(NamedTuple):
    """A chunk as it is stored: `base` is its first record's offset, `timestamp` when it was appended (ms)."""

    base: int
    length: int
    timestamp: int
    data: bytes


def key(partition: int, offset: int) -> int:
    """The row id of the chunk of `partition` whose last offset is `offset`."""
    return partition << OFFSET_BITS | offset


def read_head(connection: sqlite3.Connection) -> array[int]:
    """The end offset of each partition."""
    return array("q", connection.execute(SELECT_HEAD).fetchone()[0])


def read_rows(
    connection: sqlite3.Connection, partition: int, start: int, end: int, *, records: int, size: int
) -> list[Row]:
    """The chunks of `partition` with offsets in [start, end): enough for `records` or `size` bytes, one at least."""
    rows: list[Row] = []
    if start >= end:
        return rows
    cursor = connection.execute(SELECT_CHUNKS, (key(partition, start), key(partition, OFFSET_MASK), records))
    for row_id, count, timestamp, data in cursor:
        base = (row_id & OFFSET_MASK) + 1 - count
        if base >= end:
            break
        rows.append(Row(base, count, timestamp, data))
        records -= count
        size -= len(data)
        if records <= 0 or size <= 0:
            break
    cursor.close()  # a statement left open would hold its snapshot, and the WAL could not be reused
    return rows


def begin_offset(connection: sqlite3.Connection, partition: int, end: int) -> int:
    """The first offset still kept; `end` if none is."""
    edge = _edge(connection, partition, 0)
    return end if edge is None else edge.base


def offset_at(connection: sqlite3.Connection, partition: int, end: int, timestamp: int) -> int:
    """The first offset appended at or after `timestamp` (ms), by bisection; `end` if there is none."""
    low, high = begin_offset(connection, partition, end), end
    while low < high:
        middle = (low + high) // 2
        edge = _edge(connection, partition, middle)
        if edge is None:
            return end
        if edge.timestamp >= timestamp:
            high = min(middle, edge.base)
        else:
            low = edge.base + edge.length
    return low


def _edge(connection: sqlite3.Connection, partition: int, offset: int) -> Row | None:
    """The chunk that holds `offset`, or the next there is, without its data."""
    found = connection.execute(SELECT_EDGE, (key(partition, offset), key(partition, OFFSET_MASK))).fetchone()
    if found is None:
        return None
    row_id, count, timestamp = found
    return Row((row_id & OFFSET_MASK) + 1 - count, count, timestamp, b"")
