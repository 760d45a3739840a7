"""The per-token rate limit (contract §2): notifications a second, counted in Redis for all processes together.

A fast token takes its allowance in slices of `SLICE_S`, so that a process asks Redis some twenty times a second at
most, not once a request. A call may run into debt (a batch larger than the rate), which the next one waits for.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any

from redis.commands.core import Script

from foundation.clock import now_ms
from foundation.errors import RateLimited
from foundation.redis import Unreachable, get_redis, key
from notifications.credentials import TokenFacts

BURST_S = 1.0
SLICE_S = 0.05

# GCRA: one number, the time (ms) until which the allowance is spent. Returns 0 when taken, else the wait in ms.
_TAKE = """
local now, cost_ms, burst_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spent = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if spent - now >= burst_ms then return math.ceil(spent - now - burst_ms) + 1 end
spent = spent + cost_ms
redis.call('SET', KEYS[1], string.format('%.3f', spent), 'PX', math.ceil(spent - now + burst_ms))
return 0
"""

_lock = threading.Lock()
_slices: dict[str, tuple[float, int]] = {}  # token id → (valid until, what is left)


def charge(token: TokenFacts, count: int) -> None:
    """Takes `count` notifications from the token's allowance.

    Raises RateLimited with `retry_after` in seconds. With Redis away it lets everything pass.
    """
    if not token.rate or _from_slice(token.id, count):
        return
    taken = max(count, int(token.rate * SLICE_S))
    try:
        wait = _take(token, taken)
    except Unreachable:
        return
    if wait:
        raise RateLimited(
            f"This token may send {token.rate} notifications a second.",
            remedy="Slow down; try again after Retry-After.",
            retry_after=wait / 1000,
        )
    if taken > count:
        with _lock:
            _slices[token.id] = (time.monotonic() + SLICE_S, taken - count)


def _from_slice(token_id: str, count: int) -> bool:
    with _lock:
        until, left = _slices.get(token_id, (0.0, 0))
        if left < count or until < time.monotonic():
            return False
        _slices[token_id] = (until, left - count)
        return True


@cache
def _script() -> Script:
    return get_redis().register_script(_TAKE)


def _take(token: TokenFacts, count: int) -> int:
    arguments: list[Any] = [now_ms(), count * 1000 / token.rate, int(BURST_S * 1000)]
    return int(_script()(keys=[key("rate", token.id)], args=arguments))
