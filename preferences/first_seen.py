"""Duplicates: who was the first with this content, or this idempotency key, within a window (contract §2, §4).

A whole batch in one round trip. The same notification asked again is its own first, so a batch that is sent again gets
the same answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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


class SeenEntry(NamedTuple):
    """`key` from `content_key` or `idempotency_key`; `now` is the record's (ms); the window is in seconds."""

    key: str
    notification_id: str
    now: int
    window_s: int


def content_key(token: str, type_name: str, user: str, data: Mapping[str, Any]) -> str:
    """The same for the same token, type, user and data, in whatever order the data's keys come."""
    return _digest("content", token, type_name, user, data)


def idempotency_key(token: str, idempotency: str, user: str) -> str:
    """The same for the same Idempotency-Key of a token."""
    return _digest("idempotency", token, idempotency, user)


def first_seen(entries: Sequence[SeenEntry]) -> list[str | None]:
    """For each entry the id of the first notification with its key within its window, None if it is that one itself.

    Entries with a window of 0 are never duplicates. Redis away: none are, and the log says so.
    """
    asked = [position for position, entry in enumerate(entries) if entry.window_s > 0]
    found: list[str | None] = [None] * len(entries)
    if not asked:
        return found
    rows = [
        (entry.key, entry.notification_id, entry.now, entry.window_s * 1000)
        for entry in map(entries.__getitem__, asked)
    ]
    client: Any = get_redis()
    try:
        firsts = client.register_script(_FIRST)(args=[key("seen:"), msgspec.msgpack.encode(rows)])
    except Unreachable as error:
        log.warning("duplicates not looked for", entries=len(rows), error=str(error))
        return found
    for position, first in zip(asked, firsts, strict=True):
        found[position] = first.decode() or None
    return found


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(_encode(parts), digest_size=16).hexdigest()
