"""The latest notifications, whoever sent them: heard on the pipeline's live feed (delivery/feed.py) by a thread of web.

The thread starts when a page asks and ends when none has asked for a while. It keeps ids alone: what they came to is
read from the store. What it misses (a web that was killed, a wiped Redis) is filled in from the users' timelines.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
import structlog

from delivery import feed
from foundation.redis import Unreachable, get_redis

CROWD_PREFIX = "crowd_"
KEPT = 60
IDLE_S = 20.0
LISTEN_EVERY_S = 2.0
POLL_S = 0.5

log = structlog.get_logger(__name__)


class Latest:
    """Ids by the time of their acceptance (ms). Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: OrderedDict[str, int] = OrderedDict()
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None

    def ids(self, most: int) -> list[str]:
        """The newest, newest first; says that somebody looks."""
        with self._lock:
            self._asked_at = time.monotonic()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._listen, name="demo-latest", daemon=True)
                self._thread.start()
            newest = sorted(self._accepted.items(), key=lambda pair: pair[1], reverse=True)
        return [id for id, _ in newest[:most]]

    def add(self, found: Iterable[tuple[str, int]]) -> None:
        """Adds (id, accepted at); the oldest beyond KEPT are forgotten."""
        with self._lock:
            self._accepted.update(found)
            while len(self._accepted) > KEPT:
                del self._accepted[min(self._accepted, key=self._accepted.__getitem__)]

    def _listen(self) -> None:
        while time.monotonic() - self._asked_at < IDLE_S:
            try:
                self._hear()
            except Unreachable as error:
                log.info("the live feed is away", error=str(error))
                time.sleep(POLL_S)

    def _hear(self) -> None:
        with get_redis().pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(feed.channel())
            said = 0.0
            while time.monotonic() - self._asked_at < IDLE_S:
                if time.monotonic() - said > LISTEN_EVERY_S:
                    feed.listen()
                    said = time.monotonic()
                message = subscription.get_message(timeout=POLL_S)
                if message:
                    self.add(_heard(msgspec.json.decode(message["data"])))


def _heard(events: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    return [
        (event["id"], event["accepted_at"])
        for event in events
        if event["kind"] == "decision" and not event["user"].startswith(CROWD_PREFIX)
    ]


@cache
def get_latest() -> Latest:
    """This process's."""
    return Latest()
