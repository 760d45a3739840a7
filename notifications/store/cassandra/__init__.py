"""The Cassandra engine of the notification store (docs/decisions/0011): few rows, in batches, nothing read before."""

from __future__ import annotations

from notifications.store.cassandra.deliveries import CassandraDeliveries
from notifications.store.cassandra.forgetting import forget_user
from notifications.store.cassandra.inbox import CassandraInbox


class CassandraStore(CassandraInbox, CassandraDeliveries):
    """The port on the keyspace of settings.CASSANDRA. One session a process, shared by all threads."""

    def purge(self, *, limit: int) -> int:
        """Nothing: rows leave by themselves (`default_time_to_live`)."""
        return 0

    def forget_user(self, user: str) -> int:
        return forget_user(user)
