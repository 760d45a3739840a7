"""Soft bounces: an address that bounces too often within a time is suppressed like one that is dead (issue 5, §4).

Counted in Redis, a sorted set of feedback ids by their time: the same bounce told twice counts once. A wiped Redis
counts anew, which costs at most as many mails again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings

from foundation.clock import now_ms
from foundation.redis import get_redis, key


class SoftBounce(msgspec.Struct, frozen=True):
    """One of them: whose, the provider's id of it, and when (ms)."""

    address: str
    id: str
    at: int


def over(bounces: Sequence[SoftBounce]) -> list[tuple[str, int]]:
    """Counts `bounces`; the addresses that have reached SOFT_BOUNCES up to now, with their count. One round trip.

    They are told in any order: one that is older than the time doesn't count, whichever came before it.
    Raises redis.ConnectionError: then none may be counted.
    """
    if not bounces:
        return []
    limit, seconds = settings.SOFT_BOUNCES
    since = now_ms() - seconds * 1_000
    pipe: Any = get_redis().pipeline(transaction=False)
    for bounce in bounces:
        name = _name(bounce.address)
        pipe.zadd(name, {bounce.id: bounce.at})
        pipe.zremrangebyscore(name, "-inf", since)
        pipe.zcard(name)
        pipe.expire(name, seconds)
    counts = pipe.execute()[2::4]
    return [(bounce.address, count) for bounce, count in zip(bounces, counts, strict=True) if count >= limit]


def _name(address: str) -> str:
    """No address stands in a key: keys are shown in dumps and logs."""
    return key("bounces", hashlib.blake2b(address.encode(), digest_size=12).hexdigest())
