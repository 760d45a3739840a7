"""Who is alive: every process of ours says so in Redis, with the age of its loop's last turn and its last error.

A view for operators, like all of Redis: nothing depends on it, and a Redis that is away forgets it for a while.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from django.conf import settings

from foundation import minutes
from foundation.clock import now_ms
from foundation.process import last_error, pulse
from foundation.redis import Unreachable, get_redis, key

BEAT_S = 2.0
ALIVE_MS = 8_000
FORGOTTEN_S = 3_600
_started = threading.Lock()
_sockets: Callable[[], int] = int


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process as it was at `at` (ms); `pulse_s`: since its loop turned; `error`: its last serious log line.

    `sockets`: those it holds, where it is a gateway.
    """

    service: str
    host: str
    pid: int
    since: int
    at: int
    pulse_s: float
    error: str = ""
    error_at: int = 0
    sockets: int = 0


def start() -> None:
    """Tells of this process every BEAT_S from now on; once is enough."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_beat, args=(now_ms(),), name="process-heartbeat", daemon=True).start()


def count_sockets(count: Callable[[], int]) -> None:
    """What this process tells as its sockets from now on."""
    global _sockets
    _sockets = count


def tell(since: int) -> None:
    """Tells of this process once. Raises redis.ConnectionError."""
    host = socket.gethostname()
    told = Process(
        service=settings.PROCESS,
        host=host,
        pid=os.getpid(),
        since=since,
        at=now_ms(),
        pulse_s=round(pulse.age_s(), 1),
        error=last_error.text,
        error_at=last_error.at,
        sockets=_sockets(),
    )
    with get_redis().pipeline(transaction=False) as pipe:
        pipe.hset(key("processes"), f"{host}:{told.pid}", msgspec.json.encode(told))
        pipe.expire(key("processes"), FORGOTTEN_S)
        pipe.execute()


def heard() -> list[Process]:
    """Every process heard of lately, by name; forgets the others. Raises redis.ConnectionError."""
    client: Any = get_redis()
    kept: dict[bytes, bytes] = client.hgetall(key("processes"))
    found = {name: msgspec.json.decode(raw, type=Process) for name, raw in kept.items()}
    gone = [name for name, process in found.items() if now_ms() - process.at > ALIVE_MS]
    if gone:
        client.hdel(key("processes"), *gone)
    alive = [process for name, process in found.items() if name not in gone]
    return sorted(alive, key=lambda process: (process.service, process.pid))


def _beat(since: int) -> None:
    rest = threading.Event()
    while True:
        with suppress(*Unreachable):  # it hears it two seconds later
            tell(since)
        minutes.flush()
        rest.wait(BEAT_S)
