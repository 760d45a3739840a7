"""Which partition a key belongs to: murmur2, as Kafka's Java client and librdkafka's `murmur2_random` have it.

Both engines use it (contract §3), so a key keeps its partition when the engine changes.
"""

from __future__ import annotations

import struct
from functools import lru_cache

SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
WORD = 0xFFFFFFFF
LONG_KEY = 256
WORDS = [struct.Struct(f"<{count}I").unpack_from for count in range(LONG_KEY >> 2)]
POSITIVE = 0x7FFFFFFF
# Users come back within moments (a notification's channels, its retries); remembering longer costs more than hashing.
REMEMBERED_KEYS = 1 << 14


def partition_for(key: str, count: int) -> int:
    """The partition of `key` in a topic of `count` partitions."""
    return positive_hash(key) % count


@lru_cache(maxsize=REMEMBERED_KEYS)
def positive_hash(key: str) -> int:
    """Kafka's `toPositive(murmur2(key))` of the key's UTF-8 bytes: 31 bits."""
    return murmur2(key.encode()) & POSITIVE


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 of `data` with Kafka's seed, unsigned.

    Source: `org.apache.kafka.common.utils.Utils.murmur2`.
    """
    length = len(data)
    tail = length & 3
    h = SEED ^ length
    words = WORDS[length >> 2] if length < LONG_KEY else struct.Struct(f"<{length >> 2}I").unpack_from
    for k in words(data):
        k = k * MULTIPLIER & WORD
        h = (h * MULTIPLIER ^ (k ^ k >> 24) * MULTIPLIER) & WORD
    if tail:
        h = (h ^ int.from_bytes(data[length - tail :], "little")) * MULTIPLIER & WORD
    h = (h ^ h >> 13) * MULTIPLIER & WORD
    return h ^ h >> 15
