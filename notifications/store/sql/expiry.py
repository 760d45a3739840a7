"""Housekeeping: rows that have left every inbox and timeline are taken from the disk.

Notification ids are time-ordered, so what is old stands at the low end of each table's primary key: no index on time
is paid for on the hot path. An old id with a younger row (something scheduled far ahead) is left until its turn.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from notifications.store.ages import oldest_kept
from notifications.store.models import DecisionDetails, DeliveryCell, InboxItem, ReadState
from notifications.store.sql.connection import ALIAS, reachable

ID_PREFIX = "notif_"
TABLES: tuple[tuple[type[Model], str], ...] = (
    (InboxItem, "id"),
    (DecisionDetails, "notification"),
    (DeliveryCell, "notification"),
)


def purge(limit: int) -> int:
    """Removes up to `limit` expired rows of each table; returns how many went. Raises StoreUnavailable."""
    before = oldest_kept()
    with reachable():
        return sum(_purge_table(model, id_field, before, limit) for model, id_field in TABLES)


def _purge_table(model: type[Model], id_field: str, before: int, limit: int) -> int:
    expired: dict[str, Any] = {f"{id_field}__lt": first_id_at(before), "at__lt": before}
    rows = model._base_manager.using(ALIAS).filter(**expired).order_by(id_field)
    ids = list(rows.values_list(id_field, flat=True)[:limit])
    if not ids:
        return 0
    if model is InboxItem:
        ReadState.objects.using(ALIAS).filter(row_id__in=ids).delete()
    return model._base_manager.using(ALIAS).filter(**expired, **{f"{id_field}__in": ids}).delete()[0]


def first_id_at(ms: int) -> str:
    """A notification id before all those drawn at `ms` or later: UUIDv7 begins with 48 bits of milliseconds."""
    return f"{ID_PREFIX}{ms:012x}"
