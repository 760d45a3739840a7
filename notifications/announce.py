"""Who is connected where, and the pipelined publish to those processes (contract §6; design.md, "What was learned").

A process that holds users' sockets (a gateway) or long-polls (web) is a *house*. Redis keeps one string a user: the
houses he is in, each with the second at which it expires unless its heartbeat renews it. So a whole batch is looked up
by one MGET, and who isn't connected costs one absent key. Frames travel as one message a house, many users in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog
from django.conf import settings

from foundation.redis import Unreachable, get_redis, key

MESSAGE_BYTES = 256 * 1024
Frame = dict[str, Any]

log = structlog.get_logger(__name__)


class Letter(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One frame for one user: `text` is the frame as JSON, `id` the notification it brings, or empty."""

    user: str
    text: str
    id: str = ""


# KEYS: presence keys. ARGV: house, seconds to live. Drops what has expired, puts the house in with a new expiry.
ENTER = """
local now = tonumber(redis.call('TIME')[1])
local mine = ARGV[1] .. ':' .. (now + ARGV[2])
for _, key in ipairs(KEYS) do
  local houses = {mine}
  for house, expiry in string.gmatch(redis.call('GET', key) or '', '([^: ]+):(%d+)') do
    if house ~= ARGV[1] and tonumber(expiry) > now then houses[#houses + 1] = house .. ':' .. expiry end
  end
  redis.call('SET', key, table.concat(houses, ' '), 'EX', ARGV[2])
end
return #KEYS
"""

# KEYS: presence keys. ARGV: house.
LEAVE = """
for _, key in ipairs(KEYS) do
  local houses = {}
  for house, expiry in string.gmatch(redis.call('GET', key) or '', '([^: ]+):(%d+)') do
    if house ~= ARGV[1] then houses[#houses + 1] = house .. ':' .. expiry end
  end
  if #houses == 0 then redis.call('DEL', key)
  else redis.call('SET', key, table.concat(houses, ' '), 'KEEPTTL') end
end
return #KEYS
"""

_encode_frame = msgspec.json.Encoder().encode
_encode_letters = msgspec.msgpack.Encoder().encode
_decode_letters = msgspec.msgpack.Decoder(list[Letter]).decode


def presence_key(user: str) -> str:
    """The key that says in which houses `user` is."""
    return settings.REDIS_PREFIX + "at:" + user


def house_channel(house: str) -> str:
    """The Redis channel on which `house` gets its letters."""
    return key("house", house)


def everybody_channel() -> str:
    """The Redis channel on which every house hears that there is something for all of its users."""
    return key("houses")


def tell_everybody(since: int) -> bool:
    """Has every house catch up all of its users from `since` (ms): one message a house. False with Redis away."""
    try:
        get_redis().publish(everybody_channel(), since)
    except Unreachable as error:
        log.warning("houses weren't told: Redis is away", error=str(error))
        return False
    return True


def read_letters(message: bytes) -> list[Letter]:
    """The letters in a message from a house's channel. Raises msgspec.DecodeError."""
    return _decode_letters(message)


def announce(items: Sequence[tuple[str, Frame | Callable[[], Frame]]]) -> set[str]:
    """Sends frames to whoever of their users is connected, and returns those users.

    `items`: (user, frame); a function instead of a frame is called only if the user is connected. Two round trips for
    any number of users; users who aren't connected cost one key of an MGET. Order per user is kept.
    A Redis that is away costs only the live push (nobody counts as connected, and the log says so): the inbox is
    durable, and gateways catch their users up when they lost sight of Redis.
    """
    if not items:
        return set()
    try:
        return _publish(_by_house(items))
    except Unreachable as error:
        log.warning("nothing announced: Redis is away", items=len(items), error=str(error))
        return set()


def tell(user: str, frame: Frame) -> bool:
    """Sends one frame to all of a user's sockets (a read on one shows on all); whether he is connected."""
    return bool(announce([(user, frame)]))


def connected(users: Sequence[str]) -> set[str]:
    """Those of `users` who are in some house. Raises redis.ConnectionError."""
    return set(_houses(users)) if users else set()


def _houses(users: Sequence[str]) -> dict[str, list[str]]:
    client: Any = get_redis()
    values = client.mget([presence_key(user) for user in users])
    return {user: _names(value) for user, value in zip(users, values, strict=True) if value}


def _names(value: bytes) -> list[str]:
    return [entry.partition(":")[0] for entry in value.decode().split()]


def _by_house(items: Sequence[tuple[str, Frame | Callable[[], Frame]]]) -> dict[str, list[Letter]]:
    houses = _houses(list({user: None for user, _ in items}))
    letters: dict[str, list[Letter]] = defaultdict(list)
    for user, frame in items if houses else ():
        where = houses.get(user)
        if where:
            letter = _letter(user, frame() if callable(frame) else frame)
            for house in where:
                letters[house].append(letter)
    return letters


def _letter(user: str, frame: Frame) -> Letter:
    brings = frame.get("notification")
    return Letter(user, _encode_frame(frame).decode(), brings["id"] if isinstance(brings, dict) else "")


def _publish(letters: dict[str, list[Letter]]) -> set[str]:
    """One message a house (more only beyond MESSAGE_BYTES); a house that is gone has no listener and doesn't count."""
    messages = [(house, chunk) for house, mail in letters.items() for chunk in _chunks(mail)]
    if not messages:
        return set()
    pipeline: Any = get_redis().pipeline(transaction=False)
    for house, chunk in messages:
        pipeline.publish(house_channel(house), _encode_letters(chunk))
    heard = zip(messages, pipeline.execute(), strict=True)
    return {letter.user for (_, chunk), listeners in heard if listeners for letter in chunk}


def _chunks(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    chunk: list[Letter] = []
    size = 0
    for letter in letters:
        if chunk and size + len(letter.text) > MESSAGE_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(letter)
        size += len(letter.text)
    if chunk:
        yield chunk
