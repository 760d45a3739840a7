"""Profiles in Redis: read in one MGET, filled in one script, dropped on write (contract §4).

The race between a fill and a drop: whoever reads takes a ticket (the count of drops so far) along with the misses, in
the same MGET. A drop raises the count and leaves it as a mark on each user it drops. A fill writes a user only if that
user's mark isn't newer than its ticket: what was read before a drop is never written after it. `born` tells a wiped
Redis, whose marks are gone, from the one that gave the ticket; such a fill is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

from foundation.clock import now_ms
from foundation.redis import get_redis, key
from preferences.facts import Profile

# A mark outlives any fill that began before it: a fill older than this gives up.
MARK_S = 120
FILL_MS = 60_000

_PROFILE, _MARK = "profile:", "profile-drop:"

_FILL = """
local prefix, born, ticket = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('GET', prefix .. 'profiles-born') ~= born then return 0 end
local written = 0
for i = 4, #ARGV, 3 do
    local mark = redis.call('GET', prefix .. 'profile-drop:' .. ARGV[i])
    if not mark or tonumber(mark) <= ticket then
        redis.call('SET', prefix .. 'profile:' .. ARGV[i], ARGV[i + 1], 'EX', ARGV[i + 2])
        written = written + 1
    end
end
return written
"""

_DROP = """
local prefix = ARGV[1]
local count = redis.call('INCR', prefix .. 'profiles-drops')
for i = 3, #ARGV do
    redis.call('DEL', prefix .. 'profile:' .. ARGV[i])
    redis.call('SET', prefix .. 'profile-drop:' .. ARGV[i], count, 'EX', ARGV[2])
end
return count
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode


class Ticket(NamedTuple):
    """What a fill must show: which Redis it read, how many drops there had been, and when (ms)."""

    born: bytes
    drops: int
    at: int


def read(user_ids: Sequence[str]) -> tuple[dict[str, Profile], Ticket]:
    """The cached ones of `user_ids`, and the ticket for filling in the rest. Raises `foundation.redis.Unreachable`."""
    client: Any = get_redis()
    prefix = key(_PROFILE)
    names = [key("profiles-born"), key("profiles-drops"), *[prefix + each for each in user_ids]]
    born, drops, *values = client.mget(names)
    if born is None:
        client.set(names[0], now_ms(), nx=True)
        born = client.get(names[0])
    decoded = zip(user_ids, map(_profile, values), strict=True)
    found = {user: profile for user, profile in decoded if profile is not None}
    return found, Ticket(born or b"", int(drops or 0), now_ms())


def _profile(value: bytes | None) -> Profile | None:
    """None for what isn't there, and for what another version of us wrote in another form: SQL knows."""
    try:
        return None if value is None else _decode(value)
    except msgspec.DecodeError:
        return None


def fill(profiles: Iterable[Profile], ticket: Ticket) -> int:
    """Writes what was loaded under `ticket`; returns how many were taken. Raises `foundation.redis.Unreachable`."""
    if now_ms() - ticket.at > FILL_MS:
        return 0
    arguments: list[bytes | str | int] = [key(""), ticket.born, ticket.drops]
    for profile in profiles:
        life = settings.PROFILE_CACHE_S if profile.known else settings.UNKNOWN_PROFILE_CACHE_S
        arguments += (profile.user_id, _encode(profile), life)
    client: Any = get_redis()
    return client.register_script(_FILL)(args=arguments)


def drop(user_ids: Collection[str]) -> None:
    """Drops these users' profiles, and what is being filled for them. Raises `foundation.redis.Unreachable`."""
    if user_ids:
        client: Any = get_redis()
        client.register_script(_DROP)(args=[key(""), MARK_S, *user_ids])
