"""Writes: unlogged batches grouped by replica, sent side by side and awaited together.

A write is (statement, values): values are bytes as the wire has them, the first being the partition key. Rows of one
partition stand side by side, so that the server makes one mutation of them, whatever tables they are in.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from cassandra import InvalidRequest
from cassandra.cluster import ResponseFuture, Session
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, PreparedStatement
from django.conf import settings

from notifications.store.cassandra.options import WRITES
from notifications.store.cassandra.replicas import by_replica
from notifications.store.cassandra.session import prepared, reachable

ROWS_A_BATCH = 80
# Below Cassandra's own `batch_size_fail_threshold` of 50 KiB. A row counts for its values and what comes with them.
BYTES_A_BATCH, BYTES_A_ROW = 40_000, 80
BATCHES_UNDER_WAY = 8
TOO_LARGE = "Batch too large"

Write = tuple[str, tuple[Any, ...]]
Ready = tuple[PreparedStatement, tuple[Any, ...]]
UNSET = UNSET_VALUE

bigint = struct.Struct(">q").pack


def text(value: str) -> bytes:
    """`value` as the wire has it. A lone surrogate, which JSON may hold, is kept as a question mark."""
    return value.encode("utf-8", "replace")


class _WireBatch(BatchStatement):
    """A batch of values that are encoded already: the driver's binding costs more than twice as much a row."""

    def __init__(self, writes: Sequence[Ready]) -> None:
        super().__init__(BatchType.UNLOGGED)
        self.writes = writes
        for statement, values in writes:
            self._add_statement_and_params(True, statement.query_id, values)
        self.routing_key = writes[0][1][0]
        self.keyspace = settings.CASSANDRA["keyspace"]
        self.is_idempotent = True

    def halves(self) -> tuple[_WireBatch, _WireBatch]:
        """For a server whose `batch_size_fail_threshold` is lower than ours."""
        middle = len(self.writes) // 2
        return _WireBatch(self.writes[:middle]), _WireBatch(self.writes[middle:])


def write(writes: Sequence[Write]) -> None:
    """Makes all of them durable. Raises StoreUnavailable when some may not be; the same again does no harm."""
    if not writes:
        return
    with reachable() as session:
        statements = {cql: prepared(session, cql) for cql in {cql for cql, _ in writes}}
        ready = [(statements[cql], values) for cql, values in writes]
        under_way: deque[tuple[ResponseFuture, _WireBatch]] = deque()
        for group in by_replica(session, ready):
            for batch in _batches(group):
                if len(under_way) == BATCHES_UNDER_WAY:
                    _await(session, *under_way.popleft())
                under_way.append((session.execute_async(batch, execution_profile=WRITES), batch))
        while under_way:
            _await(session, *under_way.popleft())


def _batches(writes: Sequence[Ready]) -> Iterator[_WireBatch]:
    """In the order of their partitions."""
    batch: list[Ready] = []
    held = 0
    for one in sorted(writes, key=_partition):
        size = BYTES_A_ROW + sum([len(value) for value in one[1] if value is not UNSET])
        if batch and (len(batch) == ROWS_A_BATCH or held + size > BYTES_A_BATCH):
            yield _WireBatch(batch)
            batch, held = [], 0
        batch.append(one)
        held += size
    yield _WireBatch(batch)


def _partition(one: Ready) -> bytes:
    key: bytes = one[1][0]
    return key


def _await(session: Session, future: ResponseFuture, batch: _WireBatch) -> None:
    try:
        future.result()
    except InvalidRequest as error:
        if TOO_LARGE not in str(error) or len(batch) < 2:
            raise
        for half in batch.halves():
            _await(session, session.execute_async(half, execution_profile=WRITES), half)
