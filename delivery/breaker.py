"""A breaker per provider account, in Redis, shared by all workers (contract §5).

closed: everything passes. After `THRESHOLD` failures within the window, at least half of all: open, for longer each
time. When that is over, half-open: one worker at a time tries a few; a success closes it, a failure opens it again.
A `Retry-After` of the provider shuts the account for just that long. A Redis that is away counts as closed.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from delivery.providers.registry import accounts_of
from foundation.redis import Unreachable, get_redis, key

WINDOW_MS = 10_000
THRESHOLD = 10
FAILED_SHARE = 0.5
OPEN_MS = 5_000
LONGEST_OPEN_MS = 60_000
LONGEST_RETRY_AFTER_MS = 600_000
TRIAL = 5
TRIAL_LEASE_MS = 5_000
CLOSED, OPEN, HALF_OPEN, RETRY_AFTER = "closed", "open", "half_open", "retry_after"

_NOW = "local t = redis.call('TIME') local now = math.floor(t[1] * 1000 + t[2] / 1000)\n"

_ADMIT = (
    _NOW
    + """
local n, trial, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local h = redis.call('HMGET', KEYS[1], 'shut', 'until', 'trial')
local shut, til, tried = tonumber(h[1]) or 0, tonumber(h[2]) or 0, tonumber(h[3]) or 0
if shut > now then return {0, shut - now, 'retry_after'} end
if til == 0 then return {n, 0, 'closed'} end
if til > now then return {0, til - now, 'open'} end
if tried > now then return {0, tried - now, 'half_open'} end
redis.call('HSET', KEYS[1], 'trial', now + lease)
return {math.min(n, trial), 0, 'half_open'}
"""
)

_RECORD = (
    _NOW
    + """
local ok, failed, shut = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local window, threshold, share = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local first, longest = tonumber(ARGV[7]), tonumber(ARGV[8])
local h = redis.call('HMGET', KEYS[1], 'from', 'ok', 'failed', 'until', 'opened')
local from, til, opened = tonumber(h[1]) or 0, tonumber(h[4]) or 0, tonumber(h[5]) or 0
if shut > 0 then redis.call('HSET', KEYS[1], 'shut', now + shut) end
if til > now then
  -- open: what began before says nothing new
elseif til > 0 then
  if failed == 0 and ok > 0 then
    redis.call('HDEL', KEYS[1], 'until', 'trial', 'opened', 'from')
  elseif failed > 0 then
    redis.call('HSET', KEYS[1], 'until', now + math.min(longest, first * 2 ^ opened), 'opened', opened + 1, 'trial', 0)
  end
else
  if from + window <= now then
    from = now
  else
    ok, failed = ok + (tonumber(h[2]) or 0), failed + (tonumber(h[3]) or 0)
  end
  redis.call('HSET', KEYS[1], 'from', from, 'ok', ok, 'failed', failed)
  if failed >= threshold and failed >= share * (ok + failed) then
    redis.call('HSET', KEYS[1], 'until', now + first, 'opened', 1, 'from', 0)
  end
end
redis.call('PEXPIRE', KEYS[1], 3600000)
"""
)


class Admission(NamedTuple):
    """`admitted` sends may begin; if fewer than asked for, `wait_ms` until it is worth asking again, and the state."""

    admitted: int
    wait_ms: int
    state: str


def admit(account: str, count: int) -> Admission:
    """How many of `count` sends the breaker lets through."""
    try:
        admitted, wait, word = _scripts()[0](keys=[key("breaker", account)], args=[count, TRIAL, TRIAL_LEASE_MS])
    except Unreachable:
        return Admission(count, 0, CLOSED)
    return Admission(int(admitted), int(wait), word.decode())


def record(account: str, *, ok: int, failed: int, retry_after_ms: int = 0) -> None:
    """Counts what became of a burst: `ok` are all that the provider answered sensibly, refusals for good included."""
    shut = min(retry_after_ms, LONGEST_RETRY_AFTER_MS)
    limits = (WINDOW_MS, THRESHOLD, FAILED_SHARE, OPEN_MS, LONGEST_OPEN_MS)
    try:
        _scripts()[1](keys=[key("breaker", account)], args=[ok, failed, shut, *limits])
    except Unreachable:
        return  # nothing to share with anybody: the next batch finds out for itself


def state(account: str) -> Admission:
    """The breaker as it stands, without taking a trial: its word, and ms until it opens for sends again."""
    try:
        seconds, micros = get_redis().time()
        shut, until = (int(value or 0) for value in get_redis().hmget(key("breaker", account), "shut", "until"))
    except Unreachable:
        return Admission(0, 0, CLOSED)
    now = seconds * 1_000 + micros // 1_000
    if shut > now:
        return Admission(0, shut - now, RETRY_AFTER)
    if not until:
        return Admission(0, 0, CLOSED)
    return Admission(0, until - now, OPEN) if until > now else Admission(0, 0, HALF_OPEN)


def shut_ms(channel: str) -> int:
    """For how long all accounts of `channel` are shut, in ms; 0 while one of them takes sends."""
    return min((state(account).wait_ms for account in accounts_of(channel)), default=0)


@cache
def _scripts() -> tuple[Any, Any]:
    client = get_redis()
    return client.register_script(_ADMIT), client.register_script(_RECORD)
