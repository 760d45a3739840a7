"""Given for the contract tests of the log: every engine, with short leases, in storage of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from notifications.log.port import Log
from tests.notifications.log.programs import open_engine

ENGINES = ["embedded"]
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


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
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
