"""What Redis holds of idempotency keys: reserved, in flight, answered. SQL knows what it may forget."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from redis.commands.core import Script

from foundation.redis import Unreachable, epoch, get_redis, key

UNKEPT = "?"  # the answer of a key that only SQL remembered
IN_FLIGHT_MS = 30_000

# A value is "body|notification id|in flight until (ms), or '-' once answered|answer".
_RESERVE = """
local now, in_flight, ttl, out = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], {redis.call('GET', KEYS[1])}
for i = 2, #KEYS do
  local body, id = ARGV[2 * i], ARGV[2 * i + 1]
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
    """(Since when Redis remembers, a Reservation for each ask), in one round trip. Raises redis.ConnectionError."""
    arguments: list[Any] = [now, IN_FLIGHT_MS, life_ms()]
    for ask in asks:
        arguments += (ask.body, ask.notification_id)
    since, *rows = _script()(keys=[key("epoch"), *(_name(ask.key) for ask in asks)], args=arguments)
    return int(since) if since else epoch(), [_reservation(row) for row in rows]


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
