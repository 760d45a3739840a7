"""Which intake topics the log doesn't take at the moment: a breaker a topic, so that not each request waits it out.

A topic is shut by the first produce that fails and opened by the drainer alone, when nothing of it is left in the
spool: what comes meanwhile queues up behind what is there, in order.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

import structlog

from foundation import meters
from foundation.clock import now_ms

log = structlog.get_logger(__name__)


class Away:
    """Thread-safe. One a process."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._spooling: Counter[str] = Counter()
        self._changed = threading.Condition()
        self.woken = threading.Event()

    @property
    def topics(self) -> dict[str, int]:
        """The topics that are shut, each with since when (ms)."""
        return self._since

    def note(self, topics: Iterable[str], why: object) -> None:
        """The log didn't take records of these: nothing more is tried until `open` says so."""
        with self._changed:
            for topic in topics:
                if topic not in self._since:
                    log.warning("the log is away", topic=topic, why=str(why))
                    self._since[topic] = now_ms()
                    meters.LOG_AWAY.labels(topic).set(1)
        self.woken.set()

    @contextmanager
    def spooling(self, topics: Collection[str]) -> Iterator[None]:
        """While lines of `topics` are being written. A topic that was opened meanwhile is shut again: its line stands
        in the spool, and what follows may not overtake it."""
        with self._changed:
            now = now_ms()
            for topic in topics:
                self._since.setdefault(topic, now)
            self._spooling.update(topics)
        try:
            yield
        finally:
            with self._changed:
                self._spooling.subtract(topics)
                self._changed.notify_all()
            self.woken.set()

    def open(self, topic: str, drained: Callable[[], bool]) -> bool:
        """Opens `topic` if `drained` says that nothing of it is left; whether it is open now.

        Nobody begins to spool while it is asked, and who was at it has finished: so requests wait, and `drained` should
        find little left to do. What it raises leaves the topic shut.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._spooling[topic])
            if topic in self._since and drained():
                shut_for = now_ms() - self._since.pop(topic)
                meters.LOG_AWAY.labels(topic).set(0)
                log.warning("the log is back", topic=topic, away_ms=shut_for)
            return topic not in self._since

    def forget(self) -> None:
        """Nothing is known: the next produce tells."""
        with self._changed:
            self._since.clear()


AWAY = Away()
