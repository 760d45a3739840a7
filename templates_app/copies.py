"""The copy of types and texts that Redis keeps, for a process that starts while SQL is down (contract §9).

Redis also holds the mark that says when either changed: written after each commit, looked at once a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from uuid_utils.compat import uuid7

from foundation.redis import Unreachable, get_redis, key
from preferences.facts import TypeFacts
from templates_app.words import Words

T = TypeVar("T")

TextKey = tuple[int, int]
"""(key of the type, number of the version)."""

TEXTS_S = 8 * 24 * 3600
"""Longer than the log keeps what may ask for an old version; one that is in use is written again and again."""
TEXTS_AGAIN_S = 3600.0
_written: dict[TextKey, float] = {}


class Entry(msgspec.Struct, frozen=True):
    """A type in the catalog. `key` is its row's: a name that is given out again is another type.

    `schema` is what its events' data is checked against, as JSON ("": nothing is).
    """

    key: int
    facts: TypeFacts
    default_locale: str
    schema: str = ""


_entries = msgspec.json.Decoder(list[Entry])
_words = msgspec.json.Decoder(list[Words])
_encode = msgspec.json.Encoder().encode


def read_mark() -> bytes | None:
    """The mark of the last change; None when Redis has been emptied. Raises `foundation.redis.Unreachable`."""
    client: Any = get_redis()
    mark: bytes | None = client.get(key("catalog", "mark"))
    return mark


def set_mark(*, only_if_missing: bool = False) -> None:
    """Says that types or texts changed. Raises `foundation.redis.Unreachable`."""
    get_redis().set(key("catalog", "mark"), uuid7().hex, nx=only_if_missing)


def mark_changed() -> None:
    """As `set_mark`; without Redis every process reads SQL at its interval."""
    with suppress(*Unreachable):
        set_mark()


def keep_entries(entries: Iterable[Entry]) -> None:
    """Keeps a copy of the catalog; without Redis there is none."""
    _quietly(lambda client: client.set(key("catalog", "types"), _encode(list(entries))))


def keep_texts(texts: dict[TextKey, list[Words]], *, rarely: bool = False) -> None:
    """Keeps a copy of texts for TEXTS_S. They never change: whoever reads SQL may write it.

    `rarely`: only those that this process didn't write within TEXTS_AGAIN_S, unless Redis was emptied since.
    """
    due = {at: words for at, words in texts.items() if not rarely or _written.get(at, 0) < time.monotonic()}
    if due:
        _quietly(lambda client: _set_texts(client, due))


def _set_texts(client: Any, texts: dict[TextKey, list[Words]]) -> None:
    with client.pipeline(transaction=False) as pipe:
        for at, words in texts.items():
            pipe.set(_name(at), _encode(words), ex=TEXTS_S)
        pipe.execute()
    _written.update(dict.fromkeys(texts, time.monotonic() + TEXTS_AGAIN_S))


def forget_written() -> None:
    """Redis was emptied: what this process wrote there is gone."""
    _written.clear()


def read_entries() -> list[Entry] | None:
    """The copied catalog, None when there is none or Redis is away."""
    raw = _quietly(lambda client: client.get(key("catalog", "types")))
    return _decoded(_entries, raw)


def read_texts(wanted: list[TextKey]) -> dict[TextKey, list[Words]]:
    """Those of the `wanted` texts that have a copy."""
    found = _quietly(lambda client: client.mget([_name(at) for at in wanted])) or []
    texts = {at: _decoded(_words, raw) for at, raw in zip(wanted, found, strict=False)}
    return {at: words for at, words in texts.items() if words is not None}


def _decoded(decoder: msgspec.json.Decoder[T], raw: bytes | None) -> T | None:
    try:
        return decoder.decode(raw) if raw else None
    except msgspec.DecodeError:
        return None  # another release's format: as if there were none


def _name(at: TextKey) -> str:
    return key("catalog", "text", f"{at[0]}/{at[1]}")


def _quietly(command: Any) -> Any:
    """The command's answer, None without Redis: a copy is a help, never a condition."""
    try:
        return command(get_redis())
    except Unreachable:
        return None
