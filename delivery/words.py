"""What a chain tells its bridge, and the marks by which death is told apart from slowness.

A word goes through a Redis list of the bridge: "settled", "later" (a server of ours is away) or "failed" (a bug or a
record that can't be handled). A word that is lost is only late: the bridge sends the batch again after its deadline.
A start mark lies in Redis while a task works on a batch; a start without an end, by a worker whose heartbeat has
stopped, means that the batch's worker died (design.md, "What keeps it exact").
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import Any

import msgspec

from foundation.clock import now_ms
from foundation.redis import Unreachable, get_redis, key

WORDS_TTL_S, WORDS_AT_ONCE = 120, 200
MARK_TTL_S = 120
HEARTBEAT_S = 1.0
HEARTBEAT_TTL_MS = 4_000
FORGOTTEN_MS = 3_600_000

SETTLED, LATER, FAILED = "settled", "later", "failed"
WORKER = f"{socket.gethostname()}:{os.getpid()}"


class Word(msgspec.Struct, frozen=True):
    """`batch` is the id of one sending of a batch; `why` a sentence for operators."""

    batch: str
    word: str
    why: str = ""


def say(reply: str, word: Word) -> None:
    """Puts a word on the bridge's list. A Redis that is away loses it: then the bridge's clock decides."""
    with suppress(*Unreachable), get_redis().pipeline(transaction=False) as pipe:
        pipe.rpush(reply, msgspec.json.encode(word))
        pipe.expire(reply, WORDS_TTL_S)
        pipe.delete(_mark(word.batch))
        pipe.execute()


def hear(reply: str, wait_s: float) -> list[Word]:
    """What is on the list; with `wait_s` the next word as soon as it is there. Raises redis.ConnectionError."""
    client: Any = get_redis()
    words: list[bytes]
    if wait_s > 0:
        first = client.blpop([reply], wait_s)
        words = [first[1]] if first else []
    else:
        words = client.lpop(reply, WORDS_AT_ONCE) or []
    return [msgspec.json.decode(word, type=Word) for word in words]


def mark_start(batch: str) -> None:
    """This process works on `batch` from now on."""
    with suppress(*Unreachable):  # without a mark a death is taken for a lost message: the batch goes out again whole
        get_redis().set(_mark(batch), WORKER, ex=MARK_TTL_S)


def mark_end(batch: str) -> None:
    """It has ended its part, well or not."""
    with suppress(*Unreachable):
        get_redis().delete(_mark(batch))


def worker_died(batch: str) -> bool:
    """Whether a worker started on `batch`, didn't end, and is no longer alive. Raises redis.ConnectionError."""
    client: Any = get_redis()
    worker = client.get(_mark(batch))
    return worker is not None and (client.zscore(key("workers"), worker) or 0) < now_ms()


def workers_alive() -> int:
    """How many worker processes were heard of lately. Raises redis.ConnectionError."""
    client: Any = get_redis()
    return int(client.zcount(key("workers"), now_ms(), "+inf"))


def start_heartbeat() -> None:
    """Says every second that this worker process lives."""
    threading.Thread(target=_beat, name="heartbeat", daemon=True).start()


def _beat() -> None:
    rest = threading.Event()
    while True:
        with suppress(*Unreachable):  # a Redis that is away hears it a second later
            now = now_ms()
            with get_redis().pipeline(transaction=False) as pipe:
                pipe.zadd(key("workers"), {WORKER: now + HEARTBEAT_TTL_MS})
                pipe.zremrangebyscore(key("workers"), "-inf", now - FORGOTTEN_MS)
                pipe.execute()
        rest.wait(HEARTBEAT_S)


def _mark(batch: str) -> str:
    return key("started", batch)
