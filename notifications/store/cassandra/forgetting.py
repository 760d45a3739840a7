"""Everything of one user taken out of Cassandra: the one place that deletes. Rare, so its tombstones don't matter."""

from __future__ import annotations

from collections.abc import Iterable

from notifications.store.cassandra.reading import read
from notifications.store.cassandra.writing import Write, text, write

IDS = "SELECT id FROM {ks}.notifications_by_user WHERE user = ?"
OF_NOTIFICATION = (
    "DELETE FROM {ks}.notification_details WHERE notification = ?",
    "DELETE FROM {ks}.delivery_log WHERE notification = ?",
)
OF_USER = (
    "DELETE FROM {ks}.read_state WHERE user = ?",
    "DELETE FROM {ks}.notifications_by_user WHERE user = ?",
)


def forget_user(user: str) -> int:
    """See the port. The ids go last: killed on the way, it finds them again."""
    ids = {id for (id,) in read(IDS, user)}
    write(list(_deletions(ids)))
    write([(statement, (text(user),)) for statement in OF_USER])
    return len(ids)


def _deletions(ids: Iterable[str]) -> Iterable[Write]:
    return ((statement, (text(id),)) for id in sorted(ids) for statement in OF_NOTIFICATION)
