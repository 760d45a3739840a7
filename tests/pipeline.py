"""The whole pipeline in one process: the real log, Redis, store, bridge, and a Celery worker in threads of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.contrib.testing.worker import start_worker

import delivery.tasks  # noqa: F401  the stages must be known
from config.celery import app as celery_app
from delivery import scheduling
from delivery.bridge import Bridge, BridgeOptions
from foundation.clock import now_ms
from notifications.accept import accept
from notifications.credentials import TokenFacts
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.sending import Accepted, SendRequest, Target
from notifications.topology import DLQ, LANES, QUEUES, TOPICS

WORKER_THREADS = 4

OPTIONS = BridgeOptions(
    max_records=500, max_bytes=512 * 1024, deadline_ms=5_000, margin_ms=500, rest_ms=5, flights=3, back_off_ms=50
)
SENDER = TokenFacts(
    id="1", kind="service", scopes=frozenset({"notifications:send", "priority:raise"}), user_id="", types=(), rate=0
)


class Pipeline:
    """Bridges for all topics; `run()` turns them until everything on the log is settled."""

    def __init__(self) -> None:
        self.bridge = Bridge(get_log(), TOPICS, "test", OPTIONS)

    def send(self, type_name: str, user: str, **fields: Any) -> str:
        """Accepts one event; its notification id."""
        return self.send_many([SendRequest(type=type_name, target=Target("user", user), **fields)])[0]

    def send_many(self, requests: list[SendRequest]) -> list[str]:
        results = accept(requests, SENDER, now=now_ms())
        assert all(isinstance(result, Accepted) for result in results), results
        return [result.notification_id for result in results if isinstance(result, Accepted)]

    def run(self, seconds: float = 20) -> None:
        """Turns the bridge until no group lags, nothing is in flight, and no failure waits for the tracker's rows."""
        until = time.monotonic() + seconds
        while self.busy() or self._look_again():
            self.bridge.turn()
            assert time.monotonic() < until, f"still busy: {self.lag()}"

    def turns(self, count: int) -> None:
        """Turns the bridge `count` times, whatever there is to do."""
        for _ in range(count):
            self.bridge.turn()

    def busy(self) -> bool:
        return bool(self.bridge.in_flight or self.bridge.held or self.lag())

    def lag(self) -> dict[str, int]:
        """Records beyond the committed offset, by topic, where there are any."""
        log = get_log()
        lag = {}
        for name, topic in TOPICS.items():
            committed = log.committed(topic.group, name)
            behind = sum(end - committed.get(partition, 0) for partition, end in log.end_offsets(name).items())
            if behind:
                lag[name] = behind
        return lag

    def _look_again(self) -> int:
        """A failure that was there before the tracker had written its notification is looked at again, not in 2 s."""
        awaiting = DueRow.objects.filter(state="waiting", topic=DLQ)
        if not awaiting.update(due_at=now_ms()):
            return 0
        return scheduling.release(LANES)

    def close(self) -> None:
        self.bridge.drain(1)


@contextmanager
def working() -> Iterator[None]:
    """A Celery worker for all queues while the block runs."""
    with start_worker(
        celery_app,
        pool="threads",
        concurrency=WORKER_THREADS,
        queues=list(QUEUES),
        perform_ping_check=False,
        shutdown_timeout=20,
    ):
        yield
