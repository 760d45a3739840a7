"""Reads: prepared, idempotent, side by side; of many partitions some in one statement, grouped by replica."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cassandra.cluster import Session

from notifications.store.cassandra.options import READS
from notifications.store.cassandra.replicas import every_node_has_all, first_replica
from notifications.store.cassandra.session import prepared, reachable

KEYS_A_READ = 50
READS_UNDER_WAY = 8
Rows = list[tuple[Any, ...]]


def read(cql: str, *values: Any) -> Rows:
    """All rows of one statement. Raises StoreUnavailable."""
    return read_many(cql, [values])


def read_many(cql: str, parameters: Sequence[Sequence[Any]]) -> Rows:
    """All rows of one statement with each of `parameters`, side by side, in their order. Raises StoreUnavailable."""
    found: Rows = []
    with reachable() as session:
        statement = prepared(session, cql)
        under_way: deque[Any] = deque()
        for values in parameters:
            if len(under_way) == READS_UNDER_WAY:
                found += under_way.popleft().result()
            under_way.append(session.execute_async(statement, values, execution_profile=READS))
        while under_way:
            found += under_way.popleft().result()
    return found


def read_keys(cql: str, keys: Collection[str]) -> Rows:
    """All rows of the partitions `keys`; `cql` takes a list of them (`IN ?`). Raises StoreUnavailable.

    An empty key has no rows: Cassandra refuses a statement that asks for one.
    """
    keys = [key for key in keys if key]
    if not keys:
        return []
    with reachable() as session:
        portions = [(portion,) for portion in _portions(session, keys)]
    return read_many(cql, portions)


def _portions(session: Session, keys: Collection[str]) -> Iterator[list[str]]:
    groups: dict[object, list[str]] = defaultdict(list)
    if every_node_has_all(session):
        groups[None] = list(keys)
    else:
        for key in keys:
            groups[first_replica(session, key.encode())].append(key)
    for group in groups.values():
        for start in range(0, len(group), KEYS_A_READ):
            yield group[start : start + KEYS_A_READ]
