"""`python -m stack`: the stack for people and for make."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stack import container_secrets, needs
from stack.problems import StackError
from stack.servers import Stack
from stack.state import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 with one line that says what to do; that of the command for `run`."""
    options = _parser().parse_args(arguments)
    stack = Stack(Path(os.environ.get("VAR") or "var"), options.nodes)
    try:
        code: int = options.do(stack, options)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stack",
        description="Kafka, Cassandra, MariaDB and Redis on loopback, without Docker, under $VAR/stack. "
        "See docs/stack.md for ports, logs and settings.",
        epilog="environment: VAR (state folder), NODES (1, 3 or 5), STACK_PORT (first of 50 ports), "
        "STACK_{KAFKA,CASSANDRA,MARIADB,REDIS}_PORT",
    )
    parser.add_argument(
        "--nodes", type=int, default=int(os.environ.get("NODES") or 1), help="of a new stack: 1, 3 or 5"
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (do, words) in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(do=do)
        if name in WORDS:
            command.add_argument("words", nargs=argparse.REMAINDER, metavar=WORDS[name])
    return parser


def _check(stack: Stack, options: argparse.Namespace) -> int:
    needs.check()
    return 0


def _start(stack: Stack, options: argparse.Namespace) -> int:
    started = time.monotonic()
    stack.start(_say)
    _say(f"ready after {time.monotonic() - started:.1f} s; . {stack.folder}/stack.env")
    return 0


def _stop(stack: Stack, options: argparse.Namespace) -> int:
    stack.stop()
    return 0


def _status(stack: Stack, options: argparse.Namespace) -> int:
    lines, well = table(stack)
    print("\n".join(lines))
    return 0 if well else 1


def _clean(stack: Stack, options: argparse.Namespace) -> int:
    stack.clean()
    return 0


def _env(stack: Stack, options: argparse.Namespace) -> int:
    file = stack.folder / "stack.env"
    if not file.exists():
        raise StackError(f"there is no stack on {stack.folder} yet; make one: make stack")
    print(file.read_text(), end="")
    return 0


def _nodetool(stack: Stack, options: argparse.Namespace) -> int:
    words = list(options.words)
    name = words.pop(0) if words and words[0].startswith("cassandra-") else "cassandra-1"
    return subprocess.run(stack.nodetool(name, words), check=False).returncode


def _compose(stack: Stack, options: argparse.Namespace) -> int:
    from stack import compose  # the one module here that knows our roles

    print(compose.render(), end="")
    return 0


def _container_secrets(stack: Stack, options: argparse.Namespace) -> int:
    container_secrets.write(Path(container_secrets.FOLDER))
    return 0


def _archive(stack: Stack, options: argparse.Namespace) -> int:
    stack.archive()
    return 0


def _add_broker(stack: Stack, options: argparse.Namespace) -> int:
    name = stack.add_broker(_say)
    _say(f"{name} joined on port {stack.port(name)}; it gets partitions when some are reassigned to it")
    return 0


def _run(stack: Stack, options: argparse.Namespace) -> int:
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise StackError("say what to run: python -m stack run -- command …")
    was_running = stack.running()
    stack.start(_say)
    try:
        return _wait(subprocess.Popen(words, env={**os.environ, **stack.environment()}))
    finally:
        if not was_running:
            _stop_undisturbed(stack)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The command's exit code. Ctrl-C reaches the command by itself, SIGTERM is handed on; we stay until it ended."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(number))
    try:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                continue
            return code if code >= 0 else 128 - code
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop_undisturbed(stack: Stack) -> None:
    """A second Ctrl-C doesn't leave servers behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _say("… stopping the servers")
        stack.stop()
    finally:
        signal.signal(signal.SIGINT, before)


def _say(line: str) -> None:
    print(line, flush=True)


WORDS = {"run": "-- command …", "nodetool": "[cassandra-2] status …"}
COMMANDS: dict[str, tuple[Callable[[Stack, argparse.Namespace], int], str]] = {
    "check": (_check, "say in one line what has to be installed"),
    "start": (_start, "start all servers and wait until they answer"),
    "stop": (_stop, "stop all servers"),
    "status": (_status, "each server: pid, port, up or down, restarts, log"),
    "clean": (_clean, "forget all data; refused while the stack runs"),
    "env": (_env, "print stack.env"),
    "nodetool": (_nodetool, "Cassandra's nodetool, for the first node or the one that is named"),
    "compose": (_compose, "print compose.yaml"),
    "container-secrets": (_container_secrets, "make the passwords of a compose stack; its service `secrets` does"),
    "archive": (_archive, "archive the classes of Kafka and Cassandra, so that they start sooner; done by itself"),
    "add-broker": (_add_broker, "add a Kafka broker to the running cluster"),
    "run": (_run, "run a command on the stack; stop the stack afterwards if it wasn't running"),
}
