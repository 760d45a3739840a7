"""Redis: one pooled connection a process, every key under one prefix, and the epoch.

Redis is disposable (design.md, idea 1). The epoch mark says since when it hasn't been empty; while that is younger than
a question's memory, the durable side is asked as well.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import redis
from django.conf import settings

from foundation.clock import now_ms
from foundation.redis_retry import FailFastRetry

TIMEOUT_S, CONNECT_TIMEOUT_S = 5, 2

# Away, or refusing to write: full, or a replica after a fail-over. All of it passes, and is waited for.
Unreachable = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.MasterDownError,
)


@cache
def get_redis() -> redis.Redis:
    """The process's client (thread-safe, pooled), bytes in and out."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=FailFastRetry(probe_s=TIMEOUT_S),
    )


def key(*parts: str) -> str:
    """A key of ours: `np:part:part`."""
    return settings.REDIS_PREFIX + ":".join(parts)


def epoch() -> int:
    """Since when (ms) Redis hasn't been empty; starts the count if it was. Raises redis.ConnectionError."""
    name = key("epoch")
    client: Any = get_redis()
    value = client.get(name)
    if value is None:
        client.set(name, now_ms(), nx=True)
        value = client.get(name)
    return int(value)
