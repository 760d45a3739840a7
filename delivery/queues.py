"""Celery's queues as they lie in Redis: how many batches wait in each, and for how long the next one has."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from django.conf import settings

from foundation.clock import now_ms
from foundation.redis import get_redis
from notifications.topology import QUEUES

_LAID_AT = re.compile(r":(\d{13})'")  # a payload's key ends in when it was laid down (delivery/payloads.py)


class Waits(msgspec.Struct, frozen=True):
    """A queue: messages in it, and the age (ms) of the one that is next; 0 where it doesn't say."""

    queue: str
    length: int
    oldest_ms: int


def look() -> list[Waits]:
    """Every queue, in one round trip. Raises redis.ConnectionError."""
    prefix = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])
    with get_redis().pipeline(transaction=False) as pipe:
        for queue in QUEUES:
            pipe.llen(prefix + queue)
            pipe.lindex(prefix + queue, -1)
        told: list[Any] = pipe.execute()
    return [
        Waits(queue, length, _age_ms(next_one) if next_one else 0)
        for queue, length, next_one in zip(QUEUES, told[::2], told[1::2], strict=True)
    ]


def _age_ms(message: bytes) -> int:
    found = _LAID_AT.search(msgspec.json.decode(message)["headers"].get("argsrepr") or "")
    return max(0, now_ms() - int(found[1])) if found else 0
