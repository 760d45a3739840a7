"""A breaker per provider account, in Redis, shared by all workers (contract §5).

closed: everything passes. After `THRESHOLD` failures within the window, at least half of all: open, for longer each
time. When that is over, half-open: one worker at a time tries a few; a success closes it, a failure opens it again.
An account that refuses our credentials is paused: open from the `REFUSALS`th such answer without a send that was taken
in between (one alone may speak of a part of the sends), tried again likewise, so it goes on by itself once they are
mended. A `Retry-After` shuts the account for just that long, an operator
(delivery/account_settings.py) until told otherwise. A Redis that is away counts as closed.

Beside it lies the account's share of its traffic (delivery/choosing.py): failures pull it down to what still succeeds,
time brings it back, and after an opening it begins with `RETURN_SHARE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import msgspec

from delivery.account_settings import SETTINGS, paused_field, why_paused
from delivery.providers.registry import accounts_of
from foundation.redis import Unreachable, get_redis, key

WINDOW_MS = 10_000
THRESHOLD = 10
FAILED_SHARE = 0.5
REFUSALS = 3
OPEN_MS = 5_000
LONGEST_OPEN_MS = 20_000
LONGEST_RETRY_AFTER_MS = 3_600_000
KEPT_MS = 2 * LONGEST_RETRY_AFTER_MS
PAUSED_WAIT_MS = 15_000  # what meets an operator's pause looks again so much later
TRIAL = 5
TRIAL_LEASE_MS = 5_000
WHY_MAX = 300
RECOVER_MS = 30_000  # from no share to all of it
RETURN_SHARE = 0.1
FORGETS = 0.9  # what a failing burst's each send leaves of what was known before it
CLOSED, OPEN, HALF_OPEN, RETRY_AFTER, PAUSED = "closed", "open", "half_open", "retry_after", "paused"

_NOW = "local t = redis.call('TIME') local now = math.floor(t[1] * 1000 + t[2] / 1000)\n"

_ADMIT = (
    _NOW
    + """
local n, trial, lease, look = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('HEXISTS', KEYS[2], ARGV[5]) == 1 then return {0, look, 'paused'} end
local h = redis.call('HMGET', KEYS[1], 'shut', 'until', 'trial', 'why')
local shut, til, tried = tonumber(h[1]) or 0, tonumber(h[2]) or 0, tonumber(h[3]) or 0
if shut > now then return {0, shut - now, 'retry_after'} end
if til == 0 then return {n, 0, 'closed'} end
if til > now then return {0, til - now, h[4] and 'paused' or 'open'} end
if tried > now then return {0, tried - now, 'half_open'} end
redis.call('HSET', KEYS[1], 'trial', now + lease)
return {math.min(n, trial), 0, 'half_open'}
"""
)

_RECORD = (
    _NOW
    + """
local ok, failed, shut, why = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local window, threshold, most = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local first, longest, kept = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local recover, back, forgets = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local refusals, pauses = tonumber(ARGV[14]), tonumber(ARGV[15])
local h = redis.call('HMGET', KEYS[1], 'from', 'ok', 'failed', 'until', 'opened', 'share', 'at', 'shut', 'why')
local from, til, opened = tonumber(h[1]) or 0, tonumber(h[4]) or 0, tonumber(h[5]) or 0
local newly = 0
local function open()
  redis.call('HSET', KEYS[1], 'until', now + math.min(longest, first * 2 ^ opened), 'opened', opened + 1,
    'trial', 0, 'from', 0)
  if why ~= '' then
    if not h[9] then newly = 1 end
    redis.call('HSET', KEYS[1], 'why', why)
  else
    redis.call('HDEL', KEYS[1], 'why')
  end
end
if shut > 0 then redis.call('HSET', KEYS[1], 'shut', math.max(now + shut, tonumber(h[8]) or 0)) end
if til > now then
  -- open: what began before says nothing new, but for why
  if why ~= '' and not h[9] then
    newly = 1
    redis.call('HSET', KEYS[1], 'why', why)
  end
elseif til > 0 then
  if failed > 0 or why ~= '' then
    open()
  elseif ok > 0 then
    redis.call('HDEL', KEYS[1], 'until', 'trial', 'opened', 'from', 'why', 'refused')
    redis.call('HSET', KEYS[1], 'share', back, 'at', now)
  end
elseif why ~= '' then
  if redis.call('HINCRBY', KEYS[1], 'refused', refusals) >= pauses then open() end
else
  if ok > 0 then redis.call('HDEL', KEYS[1], 'refused') end
  if from + window <= now then
    from, h[2], h[3] = now, 0, 0
  end
  if failed > 0 then
    local grown = math.min(1, (tonumber(h[6]) or 1) + math.max(0, now - (tonumber(h[7]) or now)) / recover)
    local left = forgets ^ (ok + failed)
    local share = grown * left + math.min(grown, ok / (ok + failed)) * (1 - left)
    redis.call('HSET', KEYS[1], 'share', string.format('%.4f', share), 'at', now)
  end
  ok, failed = ok + (tonumber(h[2]) or 0), failed + (tonumber(h[3]) or 0)
  redis.call('HSET', KEYS[1], 'from', from, 'ok', ok, 'failed', failed)
  if failed >= threshold and failed >= most * (ok + failed) then open() end
end
redis.call('PEXPIRE', KEYS[1], kept)
return newly
"""
)


class Admission(NamedTuple):
    """`admitted` sends may begin; if fewer than asked for, `wait_ms` until it is worth asking again, and the state."""

    admitted: int
    wait_ms: int
    state: str


class Standing(msgspec.Struct, frozen=True):
    """How an account stands: its breaker's word, ms until it takes sends again, its share (0 to 1), why it is paused.

    `by_operator`: paused until somebody resumes it.
    """

    state: str = CLOSED
    wait_ms: int = 0
    share: float = 1.0
    why: str = ""
    by_operator: bool = False


def admit(account: str, count: int) -> Admission:
    """How many of `count` sends the breaker lets through."""
    limits = (count, TRIAL, TRIAL_LEASE_MS, PAUSED_WAIT_MS, paused_field(account))
    try:
        admitted, wait, word = _scripts()[0](keys=[_key(account), key(*SETTINGS)], args=limits)
    except Unreachable:
        return Admission(count, 0, CLOSED)
    return Admission(int(admitted), int(wait), word.decode())


def record(
    account: str, *, ok: int, failed: int, retry_after_ms: int = 0, refused: str = "", refusals: int = 1
) -> bool:
    """Counts what became of a burst: `ok` are all that the provider answered sensibly, refusals for good included.

    `refused`: it refuses our credentials or settings, and why; `refusals` sends have heard so. Returns whether it is
    paused by this.
    """
    shut = min(retry_after_ms, LONGEST_RETRY_AFTER_MS)
    limits = (WINDOW_MS, THRESHOLD, FAILED_SHARE, OPEN_MS, LONGEST_OPEN_MS, KEPT_MS, RECOVER_MS, RETURN_SHARE, FORGETS)
    given = (ok, failed, shut, refused[:WHY_MAX], *limits, refusals, REFUSALS)
    try:
        newly = _scripts()[1](keys=[_key(account)], args=given)
    except Unreachable:
        return False  # nothing to share with anybody: the next batch finds out for itself
    return bool(newly)


def close(account: str) -> None:
    """Forgets what is known of the account: it takes all of its traffic at once. Raises redis.ConnectionError."""
    get_redis().delete(_key(account))


def standings(accounts: Iterable[str]) -> dict[str, Standing]:
    """How each account stands, without taking a trial; one call. All closed while Redis is away."""
    names = tuple(accounts)
    pipeline: Any = get_redis().pipeline(transaction=False)
    pipeline.time()
    pipeline.hgetall(key(*SETTINGS))
    for name in names:
        pipeline.hmget(_key(name), "shut", "until", "trial", "share", "at", "why")
    try:
        (seconds, micros), given, *rows = pipeline.execute()
    except Unreachable:
        return dict.fromkeys(names, Standing())
    now = seconds * 1_000 + micros // 1_000
    return {name: _standing(row, why_paused(given, name), now) for name, row in zip(names, rows, strict=True)}


def state(account: str) -> Standing:
    """How one account stands."""
    return standings([account])[account]


def shut_ms(channel: str) -> int:
    """For how long all accounts of `channel` are shut, in ms; 0 while one of them takes sends."""
    return min((each.wait_ms for each in standings(accounts_of(channel)).values()), default=0)


def _standing(row: list[bytes | None], paused: str | None, now: int) -> Standing:
    shut, until, trial, at = (int(row[place] or 0) for place in (0, 1, 2, 4))
    why = (row[5] or b"").decode()
    if paused is not None:
        return Standing(PAUSED, PAUSED_WAIT_MS, 0.0, paused, by_operator=True)
    if shut > now:
        return Standing(RETRY_AFTER, shut - now, 0.0)
    if until > now:
        return Standing(PAUSED if why else OPEN, until - now, 0.0, why)
    if until:
        return Standing(HALF_OPEN, max(0, trial - now), 0.0 if trial > now else RETURN_SHARE, why)
    share = float(row[3] or 1)
    return Standing(share=min(1.0, share + (now - at) / RECOVER_MS) if at else share)


def _key(account: str) -> str:
    return key("breaker", account)


@cache
def _scripts() -> tuple[Any, Any]:
    client = get_redis()
    return client.register_script(_ADMIT), client.register_script(_RECORD)
