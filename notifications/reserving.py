"""What Redis holds of idempotency keys: reserved, in flight, answered. SQL knows what it may forget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from redis.commands.core import Script

from foundation.clock import now_ms
from foundation.redis import Unreachable, epoch, get_redis, key

UNKEPT = "?"  # the answer of a key that only SQL remembered
IN_FLIGHT_MS = 30_000

Row = tuple[str, str, str, int]
"""A key's digest, its body's, the notification id, and when (ms) it was accepted."""

# A value is "body|notification id|in flight until (ms), or '-' once answered|answer".
_RESERVE = """
local now, in_flight, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local out = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
for i = 4, #KEYS do
  local body, id = ARGV[2 * i - 4], ARGV[2 * i - 3]
  local held = redis.call('GET', KEYS[i])
  local fresh = function(with) return body .. '|' .. with .. '|' .. string.format('%.0f', now + in_flight) .. '|' end
  if not held then
    if id ~= '' then redis.call('SET', KEYS[i], fresh(id), 'PX', ttl) end
    out[#out + 1] = {'reserved', id}
  else
    local b, known, until_, answer = string.match(held, '^([^|]*)|([^|]*)|([^|]*)|(.*)$')
    if b ~= body then out[#out + 1] = {'other', known}
    elseif until_ == '-' then out[#out + 1] = {'answered', known, answer}
    elseif now < tonumber(until_) then out[#out + 1] = {'in_flight', known, until_}
    else
      if id ~= '' then redis.call('SET', KEYS[i], fresh(known), 'KEEPTTL') end
      out[#out + 1] = {'again', known}
    end
  end
end
return out
"""


class State(Enum):
    """What is known of a key: nothing (`RESERVED`: it is ours now), or who used it how."""

    RESERVED = "reserved"
    AGAIN = "again"
    ANSWERED = "answered"
    IN_FLIGHT = "in_flight"
    OTHER = "other"


class Ask(msgspec.Struct, frozen=True):
    """One key to be reserved for `notification_id`; an empty id only looks."""

    key: str
    body: str
    notification_id: str


class Reservation(msgspec.Struct, frozen=True):
    """What became of an Ask. `notification_id` is the one to use; `answer` what was stored with it.

    `answer` is None where only SQL knows the key: it keeps none. `until` (ms) is the end of an in-flight time.
    """

    state: State
    notification_id: str
    answer: str | None = None
    until: int = 0


def life_ms() -> int:
    """How long a key is remembered."""
    return settings.IDEMPOTENCY_HOURS * 3_600_000


def _name(digest: str) -> str:
    return key("idem", digest)


@cache
def _script() -> Script:
    return get_redis().register_script(_RESERVE)


def reserve_in_redis(asks: Sequence[Ask], now: int) -> tuple[int, list[Reservation]]:
    """(Since when Redis knows all keys, a Reservation for each ask), one round trip. Raises redis.ConnectionError."""
    arguments: list[Any] = [now, IN_FLIGHT_MS, life_ms()]
    for ask in asks:
        arguments += (ask.body, ask.notification_id)
    since, whole, forgot, *rows = _script()(keys=[*_marks(), *(_name(ask.key) for ask in asks)], args=arguments)
    return _knows_since(since or str(epoch()).encode(), whole, forgot), [_reservation(row) for row in rows]


def _marks() -> tuple[str, str, str]:
    return key("epoch"), _whole(), _forgot()


def _knows_since(since: bytes | None, whole: bytes | None, forgot: bytes | None) -> int:
    """Redis' epoch, or 0 where the keys from before it were brought back since (`bring_back`); never before it last
    put something out for want of room.
    """
    if since is None:
        return now_ms()
    return max(0 if since == whole else int(since), int(forgot or 0))


def _reservation(row: list[bytes]) -> Reservation:
    state, notification_id, *rest = (part.decode() for part in row)
    if state == State.IN_FLIGHT.value:
        return Reservation(State.IN_FLIGHT, notification_id, until=int(rest[0]))
    return Reservation(State(state), notification_id, rest[0] if rest and rest[0] != UNKEPT else None)


def write(values: list[tuple[str, str]]) -> None:
    """Sets (key, value) pairs in one round trip; with Redis away they are lost, and SQL or the router tells."""
    if not values:
        return
    pipe = get_redis().pipeline(transaction=False)
    for digest, value in values:
        pipe.set(_name(digest), value, px=life_ms())
    try:
        pipe.execute()
    except Unreachable:
        return


def holders(digests: Sequence[str]) -> tuple[list[str | None], int]:
    """For each key the notification id that Redis holds it for, and since when (ms) it knows all keys.

    With Redis away it holds none.
    """
    client: Any = get_redis()
    try:
        since, whole, forgot, *held = client.mget([*_marks(), *map(_name, digests)])
    except Unreachable:
        return [None] * len(digests), now_ms()
    found = [value.decode().split("|", 2)[1] if value else None for value in held]
    return found, _knows_since(since, whole, forgot)


def knows_since() -> int:
    """Since when (ms) Redis knows all keys; 0: all there are. Raises redis.ConnectionError."""
    client: Any = get_redis()
    return _knows_since(str(epoch()).encode(), *client.mget([_whole(), _forgot()]))


def bring_back(rows: Iterable[Row]) -> None:
    """Lets Redis know keys of SQL again that it has forgotten. Raises redis.ConnectionError."""
    now = now_ms()
    with get_redis().pipeline(transaction=False) as pipe:
        for digest, body, notification_id, accepted_at in rows:
            left = accepted_at + life_ms() - now
            if left > 0:
                pipe.set(_name(digest), f"{body}|{notification_id}|-|{UNKEPT}", nx=True, px=left)
        pipe.execute()


def note_whole(since: int) -> None:
    """All keys from before Redis' epoch `since` were brought back. Raises redis.ConnectionError."""
    get_redis().set(_whole(), since, px=life_ms())


def note_forgetting(at: int) -> None:
    """Redis was full and put keys out, until `at` (ms). Raises redis.ConnectionError."""
    get_redis().set(_forgot(), at, px=life_ms())


def _whole() -> str:
    return key("idem-whole")


def _forgot() -> str:
    return key("idem-forgot")
