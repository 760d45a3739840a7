"""Given for the contract tests of the log: every engine, with short leases, in storage of its own.

Kafka's needs a broker: KAFKA_BOOTSTRAP=host:port, or `make test-stack`, which brings one up.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from notifications.log.port import Log
from tests.notifications.log.programs import open_engine

ENGINES = ["embedded", "kafka"]
LEASE_S = 1.0
HANDOVER_S = 3.0


@dataclass
class Engine:
    """One engine's storage: opens handles on it, here and in other processes."""

    name: str
    options: dict[str, object]
    stack: ExitStack = field(default_factory=ExitStack)

    def open(self, **changed: object) -> Log:
        """A handle of its own, as another process would have."""
        return self.stack.enter_context(closing(open_engine(self.name, {**self.options, **changed})))

    def start(self, program: str, *arguments: object) -> subprocess.Popen[str]:
        """One of tests.notifications.log.programs in a process; its lines are on stdout."""
        given = [self.name, json.dumps(self.options), program, *map(str, arguments)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.log.programs", *given],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        self.stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def kafka_bootstrap() -> str:
    """The broker to test with; without one a laptop skips, and a run that is meant for the stack fails."""
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
    if not bootstrap and (os.environ.get("LOG_ENGINE") == "kafka" or os.environ.get("CI_STACK")):
        pytest.fail("KAFKA_BOOTSTRAP isn't set, and this run is meant to test with Kafka")
    if not bootstrap:
        pytest.skip("no Kafka here: run `make test-stack`, or set KAFKA_BOOTSTRAP=host:port")
    return bootstrap


def kafka_options(**changed: object) -> dict[str, object]:
    """The engine's options, with a prefix of its own."""
    return {
        "bootstrap": kafka_bootstrap(),
        "prefix": f"test-{secrets.token_hex(4)}.",
        "replication": 1,
        "min_isr": 1,
        "retention_ms": 3_600_000,
        "timeout_s": 5.0,
        "queue_max": 10_000,
        "lease_s": LEASE_S,
        "handover_s": HANDOVER_S,
        "options": {"topic.metadata.refresh.interval.ms": "300"},
        **changed,
    }


@contextmanager
def kafka_storage() -> Iterator[dict[str, object]]:
    """Options with a prefix of its own; its topics are gone afterwards."""
    options = kafka_options()
    from confluent_kafka.admin import AdminClient

    yield options
    admin = AdminClient({"bootstrap.servers": options["bootstrap"]})
    prefix = str(options["prefix"])
    topics = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    wait(admin.delete_topics(topics).values(), timeout=10) if topics else None


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ExitStack() as storage:
        if request.param == "kafka":
            options = storage.enter_context(kafka_storage())
        else:
            options = {"folder": str(tmp_path), "lease_s": LEASE_S, "handover_s": HANDOVER_S, "max_bytes": 0}
        made = Engine(request.param, options)
        with made.stack:
            yield made


@pytest.fixture
def log(engine: Engine) -> Log:
    """The log with the topics `few` (1 partition), `some` (4) and `many` (16)."""
    opened = engine.open()
    opened.create_topics({"few": 1, "some": 4, "many": 16})
    return opened


@pytest.fixture
def join(engine: Engine, log: Log) -> Callable[..., object]:
    """Joins a member of group `readers` on a handle of its own."""
    from tests.notifications.log.members import Member

    def joined(name: str, topic: str = "some") -> Member:
        member = Member(engine.open().consumer("readers", [topic], name), name)
        engine.stack.callback(member.leave_quietly)
        return member

    return joined
