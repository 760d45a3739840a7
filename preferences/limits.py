"""Per-user limits: sliding windows in Redis, a whole batch in one round trip (contract §4).

A window is a sorted set of notification ids by their decision time. The same id never counts twice, and what was
refused isn't in it, so a batch that is sent again gets the same answers. Entries are kept a little longer than the
window for the repeats' sake. A wiped Redis forgets the counts, at most one more window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import structlog
from django.conf import settings

from foundation.redis import Unreachable, get_redis, key
from preferences.first_seen import Sighting, first_seen

__all__ = ["LimitEntry", "Sighting", "count", "first_seen"]

log = structlog.get_logger(__name__)

REPEAT_MS = 600_000

# One argument for the whole batch, as msgpack: [[limit name, count, window ms, in any order], …],
# [[user, limit index, id, now], …]. One user's records come in their order, so what is later doesn't count; those of
# many users, or of several lanes, come in any.
_COUNT = """
local limits, entries = unpack(cmsgpack.unpack(ARGV[2]))
local prefix, keep, over = ARGV[1], tonumber(ARGV[3]), {}
for i, entry in ipairs(entries) do
    local limit, id, now = limits[entry[2] + 1], entry[3], entry[4]
    local window = prefix .. limit[1] .. ':' .. entry[1]
    if redis.call('ZADD', window, 'NX', now, id) == 1 then
        if redis.call('ZCARD', window) > limit[2] then
            redis.call('ZREMRANGEBYSCORE', window, '-inf', now - limit[3] - keep)
            local since, to = '(' .. string.format('%.0f', now - limit[3]), limit[4] and '+inf' or now
            if redis.call('ZCOUNT', window, since, to) > limit[2] then
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
    """A delivery that would be sent: it counts towards `limit` of `user`. `now` is the record's (ms).

    Of the limit "sms_prefix" the `user` is a block of phone numbers (preferences/sms_guard.py).
    """

    user: str
    limit: str
    notification_id: str
    now: int


def count(entries: Sequence[LimitEntry]) -> list[bool]:
    """Counts `entries`; for each, in order, whether it is within its limit. What isn't doesn't count.

    Entries without a limit ("") pass. Redis away: all pass, and the log says so.
    """
    allowed = [True] * len(entries)
    positions = [position for position, entry in enumerate(entries) if entry.limit]
    if not positions:
        return allowed
    try:
        over = _over([entries[position] for position in positions])
    except Unreachable as error:
        log.warning("per-user limits not counted, all let through", entries=len(positions), error=str(error))
        return allowed
    for each in over:
        allowed[positions[each]] = False
    return allowed


def forget(user: str) -> None:
    """Drops a user's windows. Raises redis.ConnectionError."""
    names = (*settings.PER_USER_LIMITS, *settings.SMS_GUARD_LIMITS)
    get_redis().delete(*(f"{key('limit:')}{name}:{user}" for name in names))


def _over(entries: Sequence[LimitEntry]) -> list[int]:
    guard = settings.SMS_GUARD_LIMITS
    limits = settings.PER_USER_LIMITS | guard
    table = [(name, times, seconds * 1000, name in guard) for name, (times, seconds) in limits.items()]
    index = {name: position for position, name in enumerate(limits)}
    rows = [(entry.user, index[entry.limit], entry.notification_id, entry.now) for entry in entries]
    client: Any = get_redis()
    return client.register_script(_COUNT)(args=[key("limit:"), msgspec.msgpack.encode((table, rows)), REPEAT_MS])
