"""Where a batch lies while its task waits in a queue: beside the queue, in Redis, under a key that the message names.

Celery's messages stay small, whatever a batch holds (a big one is copied, decoded and even printed several times on
its way through Celery: 60 % of a worker's time was spent there). A payload that is gone is a batch that is sent again.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from delivery.batch import Envelope
from foundation.clock import now_ms
from foundation.redis import get_redis, key

GRACE_MS = 5_000

E = TypeVar("E", bound=Envelope)
_encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type[Envelope], msgspec.msgpack.Decoder[Any]] = {}


def put(batch: Envelope) -> str:
    """Lays a batch down until its deadline has passed; the key to find it by. Raises redis.ConnectionError."""
    where = key("batch", batch.id, type(batch).__name__, str(now_ms()))
    get_redis().set(where, _encode(batch), px=max(1, batch.deadline - now_ms()) + GRACE_MS)
    return where


def take(where: str, kind: type[E]) -> E | None:
    """The batch under `where`, or None if Redis forgot it or somebody has it. Raises redis.ConnectionError."""
    client: Any = get_redis()
    raw = client.getdel(where)
    if raw is None:
        return None
    decoder = _decoders.get(kind) or _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
    batch: E = decoder.decode(raw)
    return batch
