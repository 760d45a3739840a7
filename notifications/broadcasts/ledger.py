"""What became of every recipient on every channel: one bitmap a word, folded as a maximum (decision 21). Pure.

A word is a status, or `status:reason` where a reason is known ("dropped:opted_out"). A key stands under one word: the
one of the highest rank, of equals the later in the alphabet. So folding is the same in any order, any number of times,
by halves. Bits are the lower 16 of a numeric key; a fold is of one channel and one chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import msgspec
from pyroaring import BitMap

from notifications import status
from notifications.broadcasts.models import CHUNK_BITS

CHUNK = 1 << CHUNK_BITS
AVAILABLE = "available"  # in-app of a pull broadcast: there for whoever opens the inbox
_BELOW_ALL = -1

Words = Mapping[str, BitMap]


def place(key: int) -> tuple[int, int]:
    """(chunk, bit) of a numeric key."""
    return key >> CHUNK_BITS, key & (CHUNK - 1)


def keys(chunk: int, bits: Iterable[int]) -> Iterator[int]:
    """The numeric keys of a chunk's bits."""
    first = chunk << CHUNK_BITS
    return (first + bit for bit in bits)


def word(status_word: str, reason: str = "") -> str:
    """The ledger's word for a status and its reason."""
    return f"{status_word}:{reason}" if reason else status_word


def status_of(found: str) -> str:
    """The status in a word."""
    return found.partition(":")[0]


def fold(channel: str, *parts: Words) -> dict[str, BitMap]:
    """All parts in one: each bit under its highest word. Raises KeyError for a status that isn't in the table."""
    union: dict[str, BitMap] = {}
    for name, bits in chain.from_iterable(part.items() for part in parts):
        there = union.get(name)
        union[name] = bits if there is None else there | bits
    kept: dict[str, BitMap] = {}
    taken = BitMap()
    for name in sorted(union, key=lambda name: (_rank(channel, name), name), reverse=True):
        if bits := union[name] - taken:
            kept[name] = bits
            taken |= bits
    return kept


def word_of(words: Words, bit: int) -> str | None:
    """The word under which a bit stands, None where it is under none."""
    return next((name for name, bits in words.items() if bit in bits), None)


def counts(words: Words) -> dict[str, int]:
    """How many stand under each word."""
    return {name: len(bits) for name, bits in words.items()}


def encode(words: Words) -> bytes:
    """As it is kept."""
    return msgspec.msgpack.encode({name: bits.serialize() for name, bits in words.items()})


def decode(raw: bytes | memoryview) -> dict[str, BitMap]:
    """What `encode` wrote."""
    kept: dict[str, bytes] = msgspec.msgpack.decode(raw, type=dict[str, bytes])
    return {name: BitMap.deserialize(bits) for name, bits in kept.items()}


def _rank(channel: str, name: str) -> int:
    found = status_of(name)
    return _BELOW_ALL if found == AVAILABLE else status.RANK[channel, found]
