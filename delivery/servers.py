"""The servers everything stands on, and the shortest question each can answer."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connections

from foundation.control_plane import control_plane
from foundation.redis import get_redis
from notifications.log import get_log
from notifications.store import get_store
from notifications.topology import RAW

NOBODY = "notif_0"


def ask_log() -> None:
    """Raises LogUnavailable."""
    get_log().end_offsets(RAW)


def ask_store() -> None:
    """Raises StoreUnavailable."""
    get_store().timelines([NOBODY])


def ask_redis() -> None:
    """Raises redis.ConnectionError and its like."""
    get_redis().ping()


def ask_database() -> None:
    """Raises ControlPlaneUnavailable."""
    with control_plane(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")


SERVERS: dict[str, Callable[[], None]] = {
    "log": ask_log,
    "store": ask_store,
    "redis": ask_redis,
    "database": ask_database,
}
