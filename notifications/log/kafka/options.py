"""What every client is told, and the platform's names on a cluster that others may share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from foundation.errors import LogUnavailable

MAX_RECORD_BYTES = 8 * 1024 * 1024
RECONNECT_MS, RECONNECT_MAX_MS = 50, 500
METADATA_REFRESH_MS = 10_000
# A connection that is accepted and never answered (a machine that hangs, a network that swallows) is tried anew after
# this; librdkafka's own 30 s and 10 s would outlast most such failures.
CONNECT_MS = 3_000
MS = 1_000

Heard = Callable[[KafkaError], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The engine's settings. Times as named; `more` are librdkafka's own, for every client, and win.

    `prefix` stands before every topic and group. `replication`, `min_isr` and `retention_ms` are what topics get;
    `timeout_s` bounds each call; `lease_s` is the session of a group's member; `handover_s` what the next owner waits.
    """

    bootstrap: str
    prefix: str
    replication: int
    min_isr: int
    retention_ms: int
    timeout_s: float
    queue_max: int
    lease_s: float
    handover_s: float
    more: Mapping[str, str]

    def client(self, heard: Heard, **settings: object) -> dict[str, Any]:
        """The configuration of one client. librdkafka itself prints nothing: what matters comes through `heard`."""
        return {
            "bootstrap.servers": self.bootstrap,
            "log_level": 0,
            "error_cb": heard,
            "reconnect.backoff.ms": RECONNECT_MS,
            "reconnect.backoff.max.ms": RECONNECT_MAX_MS,
            "socket.keepalive.enable": True,
            "socket.nagle.disable": True,
            "socket.connection.setup.timeout.ms": CONNECT_MS,
            "api.version.request.timeout.ms": CONNECT_MS,
            "socket.timeout.ms": int(max(self.timeout_s, self.lease_s) * MS),
            "topic.metadata.refresh.interval.ms": METADATA_REFRESH_MS,
            "allow.auto.create.topics": False,
            **{name.replace("_", "."): value for name, value in settings.items()},
            **self.more,
        }

    def outside(self, name: str) -> str:
        """The name on the cluster."""
        return self.prefix + name

    def inside(self, name: str) -> str:
        """The platform's own name of what is on the cluster under `name`."""
        return name.removeprefix(self.prefix)

    def ours(self, name: str) -> bool:
        """Whether a topic of the cluster belongs to this platform."""
        return name.startswith(self.prefix) and not name.startswith("__")


def as_unavailable() -> AbstractContextManager[None]:
    """Whatever Kafka raises becomes LogUnavailable."""
    return _as_unavailable()


@contextmanager
def _as_unavailable():  # type: ignore[no-untyped-def]
    try:
        yield
    except KafkaException as error:
        raise LogUnavailable(reason(error)) from error


def reason(error: KafkaException | KafkaError) -> str:
    """What Kafka says, in its own words."""
    found = error.args[0] if isinstance(error, KafkaException) and error.args else error
    return f"Kafka: {found.str()}" if isinstance(found, KafkaError) else f"Kafka: {found}"


def code(error: KafkaException | KafkaError) -> int:
    """The error's number."""
    found = error.args[0] if isinstance(error, KafkaException) and error.args else error
    return found.code() if isinstance(found, KafkaError) else KafkaError._FAIL
