"""What happened in each minute, for the operators' dashboard: counted in the process, written to Redis every 2 s.

On the way a count costs an increment in memory, never a call: the process's heartbeat writes what has gathered. A view,
not a record: a wiped Redis starts it anew, a killed process takes its last two seconds with it. The exact figures are
the ledger's and the audit's.

Beside a count a few of its ids can be kept, so that a spike can be opened.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from foundation.clock import now_ms
from foundation.redis import Unreachable, get_redis, key

MINUTE_MS = 60_000
KEPT_MINUTES = 6 * 60
SAMPLE = 20
_SEPARATOR = "\x1f"

Field = tuple[str, ...]

_lock = threading.Lock()
_counts: dict[int, Counter[Field]] = defaultdict(Counter)
_samples: dict[int, dict[Field, list[str]]] = defaultdict(dict)
_full: dict[int, set[Field]] = defaultdict(set)


def minute_of(at: int) -> int:
    """The minute (its number since the epoch) in which `at` (ms) lies."""
    return at // MINUTE_MS


def add(counts: Mapping[Field, int], *, at: int | None = None) -> None:
    """Adds to the counters of the minute of `at` (ms; now)."""
    minute = minute_of(now_ms() if at is None else at)
    with _lock:
        _counts[minute].update(counts)


def sample(found: Iterable[tuple[Field, str]], *, at: int | None = None) -> None:
    """Keeps ids beside their counters: the first SAMPLE of each minute that this process meets."""
    minute = minute_of(now_ms() if at is None else at)
    with _lock:
        full, kept = _full[minute], _samples[minute]
        for field, id in found:
            if field in full:
                continue
            ids = kept.setdefault(field, [])
            ids.append(id)
            if len(ids) >= SAMPLE:
                full.add(field)


def flush() -> None:
    """Writes what has gathered, in one call. A Redis that is away gets it with the next one."""
    with _lock:
        counts, samples = dict(_counts), dict(_samples)
        _counts.clear()
        _samples.clear()
        for minute in [each for each in _full if each < minute_of(now_ms()) - 1]:
            del _full[minute]
    if not counts and not samples:
        return
    try:
        _write(counts, samples)
    except Unreachable:
        _put_back(counts)


def forget() -> None:
    """Drops what has gathered and wasn't written."""
    with _lock:
        _counts.clear()
        _samples.clear()
        _full.clear()


def read(minutes: Sequence[int]) -> dict[int, dict[Field, int]]:
    """The counters of `minutes`, each an empty one where nothing is kept. Raises redis.ConnectionError."""
    pipe: Any = get_redis().pipeline(transaction=False)
    for minute in minutes:
        pipe.hgetall(_name(minute))
    return {
        minute: {tuple(name.decode().split(_SEPARATOR)): int(number) for name, number in kept.items()}
        for minute, kept in zip(minutes, pipe.execute(), strict=True)
    }


def sampled(minute: int, fields: Sequence[Field]) -> dict[Field, list[str]]:
    """The ids kept beside each of these counters. Raises redis.ConnectionError."""
    pipe: Any = get_redis().pipeline(transaction=False)
    for field in fields:
        pipe.lrange(_name(minute, field), 0, SAMPLE - 1)
    found = zip(fields, pipe.execute(), strict=True)
    return {field: list(dict.fromkeys(id.decode() for id in ids)) for field, ids in found}


def _write(counts: Mapping[int, Counter[Field]], samples: Mapping[int, Mapping[Field, list[str]]]) -> None:
    kept_s = KEPT_MINUTES * 60
    with get_redis().pipeline(transaction=False) as pipe:
        for minute, counter in counts.items():
            for field, number in counter.items():
                pipe.hincrby(_name(minute), _SEPARATOR.join(field), number)
            pipe.expire(_name(minute), kept_s)
        for minute, kept in samples.items():
            for field, ids in kept.items():
                pipe.rpush(_name(minute, field), *ids)
                pipe.ltrim(_name(minute, field), 0, SAMPLE - 1)
                pipe.expire(_name(minute, field), kept_s)
        pipe.execute()


def _put_back(counts: Mapping[int, Counter[Field]]) -> None:
    oldest = minute_of(now_ms()) - KEPT_MINUTES
    with _lock:
        for minute, counter in counts.items():
            if minute >= oldest:
                _counts[minute].update(counter)


def _name(minute: int, field: Field = ()) -> str:
    return key("minute", str(minute), *([_SEPARATOR.join(field)] if field else []))
