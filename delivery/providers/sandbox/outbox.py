"""The outbox: batched writes of what was received, bounded in number, and reading it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connections, router, transaction

from delivery.providers.port import Order
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import to_rfc3339

TRIM_EVERY = 2_000  # rows written by this process between two trims
_COLUMNS = (
    *("send_id", "notification_id", "user", "channel", "provider", "address", "type", "title", "body", "html"),
    *("action_url", "image", "attempt", "received", "first_at", "at"),
)
# SQLite's words for "insert, or count once more": the ORM's upsert can't add to a column.
_UPSERT = (
    f"INSERT INTO sandbox_outboxmessage ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))}) "  # noqa: S608
    "ON CONFLICT (send_id) DO UPDATE SET received = received + 1, attempt = excluded.attempt, at = excluded.at"
)
_lock = threading.Lock()
_since_trim = 0


def receive(provider: str, orders: Sequence[Order], at: int) -> None:
    """Keeps what `provider` received at `at` (ms), in one statement."""
    rows = [_row(provider, order, at) for order in orders]
    database = router.db_for_write(OutboxMessage)
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        cursor.executemany(_UPSERT, rows)
    if _is_time_to_trim(len(rows)):
        trim()


def trim() -> None:
    """Removes the oldest beyond SANDBOX_OUTBOX_ROWS."""
    newest = OutboxMessage.objects.order_by("-id").values_list("id", flat=True).first() or 0
    OutboxMessage.objects.filter(id__lte=newest - settings.SANDBOX_OUTBOX_ROWS).delete()


def messages(*, user: str = "", channel: str = "", notification_id: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """What went out, newest first, narrowed by what is given."""
    given = {"user": user, "channel": channel, "notification_id": notification_id}
    rows = OutboxMessage.objects.filter(**{name: value for name, value in given.items() if value})
    return [_message(row) for row in rows[:limit]]


def _is_time_to_trim(written: int) -> bool:
    global _since_trim
    with _lock:
        _since_trim += written
        if _since_trim < TRIM_EVERY:
            return False
        _since_trim = 0
        return True


def _row(provider: str, order: Order, at: int) -> tuple[Any, ...]:
    content = order.content
    return (
        *(order.send.id, order.notification_id, order.user, order.channel, provider, order.send.address, order.type),
        *(content.title, content.body, content.html, content.action_url, content.image, order.attempt, 1, at, at),
    )


def _message(row: OutboxMessage) -> dict[str, Any]:
    return {
        "send_id": row.send_id,
        "notification_id": row.notification_id,
        "user_id": row.user,
        "channel": row.channel,
        "provider": row.provider,
        "address": row.address,
        "type": row.type,
        "title": row.title,
        "body": row.body,
        "html": row.html,
        "action_url": row.action_url,
        "image": row.image,
        "attempt": row.attempt,
        "received": row.received,
        "first_at": to_rfc3339(row.first_at),
        "at": to_rfc3339(row.at),
    }
