"""Whether the brokers are known to be away.

librdkafka says so when its last connection broke or a connection can't be made (`_ALL_BROKERS_DOWN`), and a call that
got no answer in its whole time says so of a network that swallows everything. From then on calls fail at once, so that
the spool takes over; TRY_EVERY_S after the last try one is let through with a short limit, and the first answer ends
it. librdkafka reconnects by itself meanwhile, half a second apart.
"""

from __future__ import annotations

import time
from threading import Lock

import structlog
from confluent_kafka import KafkaError

from foundation.errors import LogUnavailable

TRY_EVERY_S = 0.5
TRY_FOR_S = 1.0
AWAY_AFTER_S = 0.5

log = structlog.get_logger(__name__)


class Health:
    """One client's view of its brokers. Thread-safe; logs a line when it changes, not one for each failure."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._lock = Lock()
        self._since: float | None = None
        self._why = ""
        self._tried = 0.0

    def heard(self, error: KafkaError) -> None:
        """librdkafka's error callback."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.silent(error.str())

    def silent(self, why: str) -> None:
        """Nobody answers."""
        with self._lock:
            self._tried = time.monotonic()
            if self._since is not None:
                return
            self._since, self._why = self._tried, why
        log.warning("brokers are away", client=self._client, why=why)

    def answered(self) -> None:
        """A broker answered."""
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            log.info("brokers are back", client=self._client, seconds=round(time.monotonic() - since, 1))

    @property
    def away(self) -> bool:
        """Whether nobody has answered for a moment: long enough for a broker's successor to be found."""
        since = self._since
        return since is not None and time.monotonic() - since >= AWAY_AFTER_S

    def admit(self, limit_s: float) -> float:
        """How long (s) a call may take; raises LogUnavailable while others try for it."""
        if self._since is None:
            return limit_s
        with self._lock:
            now = time.monotonic()
            if self._since is not None:
                if now - self._since >= AWAY_AFTER_S and now - self._tried < TRY_EVERY_S:
                    raise LogUnavailable(self.refusal())
                self._tried = now
        return min(limit_s, TRY_FOR_S)

    def refusal(self) -> str:
        """Why calls fail."""
        return f"Kafka: no broker answers ({self._why})"
