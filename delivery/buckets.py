"""The token bucket of each provider account, in Redis, shared by all workers (contract §4).

One call a batch. A wiped Redis starts with little, a Redis that is away leaves each process a small share of its own:
the account's rate isn't exceeded either way. Bulk takes at most its share, and only what the others leave.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from delivery.providers.registry import rate_of
from foundation.redis import Unreachable, get_redis, key

BURST_S = 1.0  # a full bucket holds this many seconds of the rate
SMALLEST_CAPACITY = 5.0
FIRST_SHARE = 0.1  # of the capacity, in a bucket nobody knows anything of
LOCAL_SHARE = 0.1  # of the rate, for each process while Redis is away
RESERVE = {"critical": 0.0, "standard": 0.05, "bulk": 0.2}  # of the capacity, left for those who matter more
LONGEST_POSTPONE_MS = 600_000

_TAKE = """
local rate, capacity, reserve, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local share, first, is_bulk = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == 'bulk'
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local h = redis.call('HMGET', KEYS[1], 'tokens', 'bulk', 'at')
local tokens, bulk = tonumber(h[1]) or (reserve + first), tonumber(h[2]) or first
local elapsed = math.max(0, now - (tonumber(h[3]) or now)) / 1000
tokens = math.min(capacity, tokens + elapsed * rate)
bulk = math.min(capacity * share, bulk + elapsed * rate * share)
local free = tokens - reserve
if is_bulk then free = math.min(free, bulk) end
local given = math.max(0, math.min(n, math.floor(free)))
tokens = tokens - given
if is_bulk then bulk = bulk - given end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'bulk', tostring(bulk), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], 3600000)
return {given, math.ceil(math.max(0, 1 - (free - given)) / rate * 1000)}
"""

_POSTPONE = """
local rate, n, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local queued = math.max(0, (tonumber(redis.call('GET', KEYS[1])) or 0) - now)
local after = math.min(longest, queued + n / rate * 1000)
redis.call('SET', KEYS[1], string.format('%.3f', now + after), 'PX', math.ceil(after) + 1000)
return math.ceil(queued)
"""


class Grant(NamedTuple):
    """`granted` sends may begin now; the next token comes in `wait_ms`."""

    granted: int
    wait_ms: int


def take(account: str, lane: str, count: int) -> Grant:
    """Takes up to `count` tokens for `lane`. A rate of 0 in the settings lifts the limit."""
    rate = rate_of(account)
    if rate <= 0:
        return Grant(count, 0)
    capacity = max(rate * BURST_S, SMALLEST_CAPACITY)
    first = max(1.0, capacity * FIRST_SHARE)
    try:
        given, wait = _scripts()[0](
            keys=[key("bucket", account)],
            args=[rate, capacity, capacity * RESERVE[lane], count, settings.BULK_SHARE, first, lane],
        )
    except Unreachable:
        return _local(account).take(rate * LOCAL_SHARE, count)
    return Grant(int(given), int(wait))


def postpone(account: str, count: int) -> tuple[int, float]:
    """Places for `count` sends that got no token, behind those postponed before: (first in ms, ms between two).

    So that a backlog comes back at the provider's rate, not all at once.
    """
    rate = rate_of(account) or 1_000
    try:
        first = _scripts()[1](keys=[key("bucket", account, "postponed")], args=[rate, count, LONGEST_POSTPONE_MS])
    except Unreachable:
        first = 1_000
    return int(first), 1_000 / rate


class _LocalBucket:
    """A bucket of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens, self._at = 1.0, time.monotonic()

    def take(self, rate: float, count: int) -> Grant:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(max(rate * BURST_S, 1.0), self._tokens + (now - self._at) * rate)
            self._at = now
            given = min(count, int(self._tokens))
            self._tokens -= given
            return Grant(given, int(max(0.0, 1 - self._tokens) / rate * 1_000) + 1)


@cache
def _local(account: str) -> _LocalBucket:
    return _LocalBucket()


@cache
def _scripts() -> tuple[Any, Any]:
    client = get_redis()
    return client.register_script(_TAKE), client.register_script(_POSTPONE)
