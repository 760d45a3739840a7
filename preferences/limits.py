"""Per-user limits: sliding windows in Redis, a whole batch in one round trip (contract §4).

A window is a sorted set of notification ids by their decision time. The same id never counts twice, and what was
refused isn't in it, so a batch that is sent again gets the same answers. Entries are kept a little longer than the
window for the repeats' sake. A wiped Redis forgets the counts, at most one more window.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import structlog
from django.conf import settings

from foundation.redis import Unreachable, get_redis, key

log = structlog.get_logger(__name__)

REPEAT_MS = 600_000

# One argument for the whole batch, as msgpack: [[limit name, count, window ms], …], [[user, limit index, id, now], …].
_COUNT = """
local limits, entries = unpack(cmsgpack.unpack(ARGV[2]))
local prefix, keep, over = ARGV[1], tonumber(ARGV[3]), {}
for i, entry in ipairs(entries) do
    local limit, id, now = limits[entry[2] + 1], entry[3], entry[4]
    local window = prefix .. limit[1] .. ':' .. entry[1]
    if redis.call('ZADD', window, 'NX', now, id) == 1 then
        if redis.call('ZCARD', window) > limit[2] then
            redis.call('ZREMRANGEBYSCORE', window, '-inf', now - limit[3] - keep)
            if redis.call('ZCOUNT', window, '(' .. string.format('%.0f', now - limit[3]), now) > limit[2] then
                redis.call('ZREM', window, id)
                over[#over + 1] = i - 1
            end
        end
        redis.call('PEXPIRE', window, limit[3] + keep)
    end
end
return over
"""


class LimitEntry(NamedTuple):
    """A delivery that would be sent: it counts towards `limit` of `user`. `now` is the record's (ms)."""

    user: str
    limit: str
    notification_id: str
    now: int


def count(entries: Sequence[LimitEntry]) -> set[int]:
    """Counts `entries` and returns the positions of those that are over their limit, which don't count.

    Entries without a limit ("") pass. Redis away: all pass, and the log says so.
    """
    limits = settings.PER_USER_LIMITS
    names = list(limits)
    index = {name: position for position, name in enumerate(names)}
    positions = [position for position, entry in enumerate(entries) if entry.limit]
    if not positions:
        return set()
    table = [(name, limits[name][0], limits[name][1] * 1000) for name in names]
    rows = [
        (entry.user, index[entry.limit], entry.notification_id, entry.now)
        for entry in map(entries.__getitem__, positions)
    ]
    client: Any = get_redis()
    try:
        over = client.register_script(_COUNT)(args=[key("limit:"), msgspec.msgpack.encode((table, rows)), REPEAT_MS])
    except Unreachable as error:
        log.warning("per-user limits not counted, all let through", entries=len(rows), error=str(error))
        return set()
    return {positions[each] for each in over}


def over_by_notification(entries: Sequence[LimitEntry], over: Collection[int]) -> dict[tuple[str, str], set[str]]:
    """`over` as what `preferences.decide.apply_limits` takes: the names of limits by (notification id, user)."""
    named: dict[tuple[str, str], set[str]] = {}
    for position in over:
        entry = entries[position]
        named.setdefault((entry.notification_id, entry.user), set()).add(entry.limit)
    return named
