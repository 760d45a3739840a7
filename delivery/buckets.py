"""The token bucket of each provider account, in Redis, shared by all workers (contract §4).

One call a batch. The tokens keep the rate in the long run; beside them a window keeps it in every single second, also
when many workers start at once on a full bucket. A wiped Redis starts with little, a Redis that is away leaves each
process a small share of its own: the account's rate isn't exceeded either way. Bulk takes at most its share, and only
what the others leave. The rate is the account's own, or what an operator set (delivery/account_settings.py).
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from delivery.account_settings import SETTINGS, rate_field
from delivery.providers.registry import rate_of
from foundation.redis import Unreachable, get_redis, key

BURST_S = 1.0  # a full bucket holds this many seconds of the rate
SMALLEST_CAPACITY = 5.0
FIRST_SHARE = 0.1  # of the capacity, in a bucket nobody knows anything of
LOCAL_SHARE = 0.1  # of the rate, for each process while Redis is away
RESERVE = {"critical": 0.0, "standard": 0.05, "bulk": 0.2}  # of the capacity, left for those who matter more
WINDOW_SHARE = {"critical": 1.04, "standard": 1.0, "bulk": 0.8}  # of the rate, in any second
SLOT_MS = 20  # how finely the window slides
LONGEST_POSTPONE_MS = 600_000
UNLIMITED_POSTPONE_RATE = 1_000

_RATE = """
local rate = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or ARGV[1])
"""

_TAKE = (
    _RATE
    + """
local n, lane, most, reserved = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local burst, smallest, first, share = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local slot = tonumber(ARGV[11])
if rate <= 0 then return {n, 0} end
local capacity = math.max(rate * burst, smallest)
local reserve, begins = capacity * reserved, math.max(1, capacity * first)
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local h = redis.call('HMGET', KEYS[1], 'tokens', 'bulk', 'at')
local tokens, bulk = tonumber(h[1]) or (reserve + begins), tonumber(h[2]) or begins
local elapsed = math.max(0, now - (tonumber(h[3]) or now)) / 1000
tokens = math.min(capacity, tokens + elapsed * rate)
bulk = math.min(capacity * share, bulk + elapsed * rate * share)

local used, oldest, since = 0, nil, math.floor((now - 1000) / slot)
local slots = redis.call('HGETALL', KEYS[3])
for place = 1, #slots, 2 do
  local at = tonumber(slots[place])
  if at < since then
    redis.call('HDEL', KEYS[3], slots[place])
  else
    used = used + tonumber(slots[place + 1])
    if not oldest or at < oldest then oldest = at end
  end
end

local free = tokens - reserve
if lane == 'bulk' then free = math.min(free, bulk) end
local room = math.max(1, math.floor(rate * most)) - used
local given = math.max(0, math.min(n, math.floor(free), room))
tokens = tokens - given
if lane == 'bulk' then bulk = bulk - given end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'bulk', tostring(bulk), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], 3600000)
if given > 0 then
  redis.call('HINCRBY', KEYS[3], math.floor(now / slot), given)
  redis.call('PEXPIRE', KEYS[3], 2000)
end
local wait = math.max(0, 1 - (free - given)) / rate * 1000
if given >= room and oldest then wait = math.max(wait, (oldest + 1) * slot + 1000 - now) end
return {given, math.ceil(wait)}
"""
)

_POSTPONE = (
    _RATE
    + """
local n, longest, unlimited = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if rate <= 0 then rate = unlimited end
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local queued = math.max(0, (tonumber(redis.call('GET', KEYS[1])) or 0) - now)
local after = math.min(longest, queued + n / rate * 1000)
redis.call('SET', KEYS[1], string.format('%.3f', now + after), 'PX', math.ceil(after) + 1000)
return {math.ceil(queued), rate}
"""
)


class Grant(NamedTuple):
    """`granted` sends may begin now; the next token comes in `wait_ms`."""

    granted: int
    wait_ms: int


def take(account: str, lane: str, count: int) -> Grant:
    """Takes up to `count` tokens for `lane`. A rate of 0 lifts the limit."""
    rate, bucket = rate_of(account), ("bucket", account)
    limits = (BURST_S, SMALLEST_CAPACITY, FIRST_SHARE, settings.BULK_SHARE, SLOT_MS)
    try:
        given, wait = _scripts()[0](
            keys=[key(*bucket), key(*SETTINGS), key(*bucket, "window")],
            args=[rate, rate_field(account), count, lane, WINDOW_SHARE[lane], RESERVE[lane], *limits],
        )
    except Unreachable:
        return _local(account).take(rate * LOCAL_SHARE, count) if rate > 0 else Grant(count, 0)
    return Grant(int(given), int(wait))


def postpone(account: str, count: int) -> tuple[int, float]:
    """Places for `count` sends that got no token, behind those postponed before: (first in ms, ms between two).

    So that a backlog comes back at the provider's rate, not all at once.
    """
    rate = rate_of(account)
    try:
        first, rate = _scripts()[1](
            keys=[key("bucket", account, "postponed"), key(*SETTINGS)],
            args=[rate, rate_field(account), count, LONGEST_POSTPONE_MS, UNLIMITED_POSTPONE_RATE],
        )
    except Unreachable:
        first = 1_000
    return int(first), 1_000 / (rate or UNLIMITED_POSTPONE_RATE)


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
