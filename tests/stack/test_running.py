"""A stack of real servers: started, killed, asked, stopped."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import needs
from stack.cli import main
from stack.problems import NotRunning, StackError
from stack.servers import Stack
from stack.state import table
from tests.running import until

pytestmark = pytest.mark.stack

CLIENTS = ("confluent_kafka", "cassandra")  # requirements/production.txt: `make test-stack` has them


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def stack(lines: list[str]) -> Iterator[Stack]:
    missing = [name for name in CLIENTS if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"without {', '.join(missing)}; make test-stack has them")
    try:
        needs.check()
    except StackError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    var = Path(tempfile.mkdtemp(prefix="np-stack-"))
    stack = Stack(var)
    try:
        stack.start(lines.append)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(var)


def state(stack: Stack, name: str) -> str:
    rows, _ = table(stack)
    return next(row for row in rows if row.startswith(name))


def refused(stack: Stack, do: Callable[[], object]) -> str:
    with pytest.raises(StackError) as told:
        do()
    return str(told.value)


def test_each_server_says_when_it_is_ready_and_where(stack: Stack, lines: list[str]) -> None:
    for name in stack.names():
        assert any(name in line and "ready" in line and str(stack.port(name)) in line for line in lines)
        assert stack.ready(name)


def test_another_start_changes_nothing(stack: Stack) -> None:
    before = {name: stack.pid(name) for name in stack.names()}
    stack.start(lambda line: None)
    assert {name: stack.pid(name) for name in stack.names()} == before


def test_a_killed_server_comes_back_by_itself_and_status_tells(stack: Stack) -> None:
    before = stack.pid("kafka-1")

    stack.kill("kafka-1")

    until(lambda: stack.supervisor.info("kafka-1")["pid"] not in (0, before), 10, "another pid")
    stack.wait_ready("kafka-1")
    assert "up, restarted 1×" in state(stack, "kafka-1")
    assert str(stack.pid("kafka-1")) in state(stack, "kafka-1")


@pytest.mark.parametrize("hard", [False, True])
def test_one_that_is_taken_down_stays_away_until_it_is_brought_back(stack: Stack, hard: bool) -> None:
    stack.down("redis", hard=hard)

    assert not stack.ready("redis")
    assert "down" in refused(stack, lambda: stack.pid("redis"))
    lines, well = table(stack)
    assert not well
    assert any(line.startswith("redis") and "down" in line for line in lines)

    stack.up("redis")
    assert stack.ready("redis")


def test_data_of_a_running_stack_isnt_thrown_away(stack: Stack) -> None:
    assert "make stack-stop" in refused(stack, stack.clean)


def test_a_name_that_is_no_servers_is_refused_with_those_that_are(stack: Stack) -> None:
    assert "kafka-1, cassandra-1, mariadb, redis" in refused(stack, lambda: stack.port("kafka-7"))


def test_a_command_runs_with_the_servers_addresses_and_its_exit_code_comes_back(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR", str(stack.folder.parent))
    address = stack.environment()["KAFKA_BOOTSTRAP"]
    assert main(["run", "--", "sh", "-c", f'test "$KAFKA_BOOTSTRAP" = {address} && exit 7']) == 7
    assert stack.running()


def test_without_a_stack_everything_says_how_to_make_one(tmp_path: Path) -> None:
    nowhere = Stack(tmp_path)
    assert "make stack" in refused(nowhere, nowhere.names)
    assert not nowhere.running()
    nowhere.stop()
    assert isinstance(NotRunning("x"), StackError)
