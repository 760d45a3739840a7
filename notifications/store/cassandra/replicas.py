"""Which nodes hold what: work goes to a node that has it, so that no coordinator hands it on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TypeVar

from cassandra.cluster import Session
from cassandra.query import PreparedStatement
from django.conf import settings

T = TypeVar("T", bound=tuple[PreparedStatement, tuple])


def by_replica(session: Session, writes: Sequence[T]) -> Collection[Sequence[T]]:
    """`writes` in groups whose partitions (their first value) have the same first replica."""
    if every_node_has_all(session):
        return [writes]
    groups: dict[object, list[T]] = defaultdict(list)
    for one in writes:
        groups[first_replica(session, one[1][0])].append(one)
    return groups.values()


def every_node_has_all(session: Session) -> bool:
    """Whether there are no more nodes than replicas: then nothing needs to be grouped."""
    return len(session.cluster.metadata.all_hosts()) <= settings.CASSANDRA["replication"]


def first_replica(session: Session, key: bytes) -> object:
    """A node that holds the partition of `key`; None while the driver doesn't know its nodes' tokens."""
    return next(iter(session.cluster.metadata.get_replicas(settings.CASSANDRA["keyspace"], key)), None)
