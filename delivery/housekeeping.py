"""Retention: what has passed its time is removed from the log, the store and the tables (contract §3, §6).

Besides, the last uses of tokens that Redis gathered go to their rows.
"""

from __future__ import annotations

from django.conf import settings

from delivery import dead_letters
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from notifications import credentials, idempotency
from notifications.due import table
from notifications.log import get_log
from notifications.store import get_store

HOUR_MS = 3_600_000
PURGE_LIMIT = 5_000


def keep() -> None:
    """One round; safe to run at any time, any number of times."""
    horizon = now_ms() - settings.ENV.LOG_RETENTION_HOURS * HOUR_MS
    get_log().delete_before(horizon)
    table.purge(horizon)
    dead_letters.purge(horizon)
    get_store().purge(limit=PURGE_LIMIT)
    idempotency.purge(now_ms() - settings.ENV.IDEMPOTENCY_HOURS * HOUR_MS)
    with control_plane():
        credentials.note_uses()
