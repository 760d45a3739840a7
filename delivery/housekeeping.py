"""Retention: what has passed its time is removed from the log, the store and the tables (contract §3, §6).

Besides, what Redis gathered goes to its rows, and an emptied Redis gets its keys back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from django.conf import settings

from delivery import alerts, dead_letters, quarantine
from delivery.people import erasing
from foundation.clock import now_ms
from foundation.errors import Unreachable
from foundation.redis import Unreachable as RedisUnreachable
from notifications import credentials, idempotency, vouching
from notifications.due import table
from notifications.log import get_log
from notifications.store import get_store
from preferences.imports import results
from templates_app.publish import purge_tests

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PURGE_LIMIT = 5_000
ALERT_DAYS = 30
QUARANTINE_DAYS = 90
"""How long the bytes of a record that nobody could handle wait for somebody to look at them."""

log = structlog.get_logger(__name__)


def keep() -> None:
    """One round; safe to run at any time, any number of times. A server that is away costs its own part only."""
    for task in _tasks():
        try:
            task()
        except (Unreachable, *RedisUnreachable) as error:
            log.warning("housekeeping left out", why=str(error))


def _tasks() -> Iterator[Callable[[], object]]:
    now = now_ms()
    horizon = now - settings.ENV.LOG_RETENTION_HOURS * HOUR_MS
    yield lambda: get_log().delete_before(horizon)
    yield lambda: get_store().purge(limit=PURGE_LIMIT)
    yield lambda: table.purge(horizon)
    yield lambda: dead_letters.purge(horizon)
    yield lambda: alerts.purge(now - ALERT_DAYS * DAY_MS)
    yield lambda: quarantine.purge(kept_before=now - QUARANTINE_DAYS * DAY_MS, retried_before=horizon)
    yield erasing.carry_on
    yield results.purge
    yield vouching.notice_evictions
    yield vouching.write_late
    yield vouching.make_whole
    yield lambda: idempotency.purge(now - settings.ENV.IDEMPOTENCY_HOURS * HOUR_MS)
    yield credentials.note_uses
    yield lambda: purge_tests(kept_since=now - settings.ENV.LOG_RETENTION_HOURS * HOUR_MS)
