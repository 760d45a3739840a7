"""The SQL engine of the notification store: the embedded default. Hot writes are one upserting transaction a batch."""

from __future__ import annotations

from notifications.store.sql.deliveries import SqlDeliveries
from notifications.store.sql.expiry import purge
from notifications.store.sql.forgetting import forget_user
from notifications.store.sql.inbox import SqlInbox


class SqlStore(SqlInbox, SqlDeliveries):
    """The port on Django's database "store"; a connection a thread, so it may be shared by all."""

    def purge(self, *, limit: int) -> int:
        return purge(limit)

    def forget_user(self, user: str) -> int:
        return forget_user(user)
