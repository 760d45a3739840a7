"""Duplicates: who was the first with the same token, type, user and data within the type's window (contract §4).

A whole batch in one round trip. The same notification asked again is its own first, so a batch that is sent again gets
the same answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from foundation.redis import Unreachable, get_redis, key

log = structlog.get_logger(__name__)

_FIRST = """
local found = {}
for i, entry in ipairs(cmsgpack.unpack(ARGV[2])) do
    local name, id, now, window = ARGV[1] .. entry[1], entry[2], entry[3], entry[4]
    local first = redis.call('GET', name)
    local at, who
    if first then at, who = string.match(first, '^(%d+) (.*)$') end
    if who and who ~= id and now - tonumber(at) < window then
        found[i] = who
    else
        found[i] = ''
        if who ~= id then redis.call('SET', name, string.format('%.0f', now) .. ' ' .. id, 'PX', window) end
    end
end
return found
"""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A notification about to be decided. `now` is the record's (ms); a `window_s` of 0 means never a duplicate."""

    token: str
    type: str
    user: str
    data: Mapping[str, Any]
    notification_id: str
    now: int
    window_s: int


def first_seen(sightings: Sequence[Sighting]) -> list[str | None]:
    """For each the id of the first notification with its token, type, user and data in its window; None if it is first.

    Redis away: nothing is a duplicate, and the log says so.
    """
    found: list[str | None] = [None] * len(sightings)
    asked = [position for position, each in enumerate(sightings) if each.window_s > 0]
    if not asked:
        return found
    try:
        firsts = _ask([sightings[position] for position in asked])
    except Unreachable as error:
        log.warning("duplicates not looked for", entries=len(asked), error=str(error))
        return found
    for position, first in zip(asked, firsts, strict=True):
        found[position] = first.decode() or None
    return found


def _ask(sightings: Sequence[Sighting]) -> list[bytes]:
    rows = [(_content(each), each.notification_id, each.now, each.window_s * 1000) for each in sightings]
    client: Any = get_redis()
    return client.register_script(_FIRST)(args=[key("seen:"), msgspec.msgpack.encode(rows)])


def _content(sighting: Sighting) -> str:
    """The same for the same content, in whatever order the data's keys come."""
    content = _encode((sighting.token, sighting.type, sighting.user, sighting.data))
    return hashlib.blake2b(content, digest_size=16).hexdigest()
