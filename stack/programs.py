"""Each server as a program: its files written, its data made, its command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import mariadb, redis_server
from stack.cassandra import node
from stack.files import write_private
from stack.java import Java
from stack.kafka import broker
from stack.layout import Layout, kind_of
from stack.passwords import Passwords
from stack.supervision import Program

ROOT = Path(__file__).resolve().parent.parent
LISTING = "classes.list"
ARCHIVING = "class-archives"


def write_files(layout: Layout, name: str, passwords: Passwords) -> None:
    """Writes the server's configuration anew; it belongs to the stack, edits don't survive."""
    kinds = {
        "kafka": lambda: broker.files(layout, name),
        "cassandra": lambda: node.files(layout, name),
        "mariadb": lambda: mariadb.files(layout, passwords),
        "redis": lambda: redis_server.files(layout, passwords),
    }
    layout.log(name).parent.mkdir(parents=True, exist_ok=True)
    files: dict[Path, str] = kinds[kind_of(name)]()
    for path, text in files.items():
        write_private(path, text)


def make_data(layout: Layout, name: str, javas: Mapping[str, Java]) -> None:
    """What the server needs once before its first start."""
    kind = kind_of(name)
    if kind == "kafka":
        broker.format_data(layout, name, javas[kind])
    if kind == "mariadb":
        mariadb.make_data(layout)


def prepare(layout: Layout, names: list[str], passwords: Passwords, javas: Mapping[str, Java]) -> None:
    """All servers at once: most of the time each waits for a disk or a JVM of its own."""
    for name in names:
        write_files(layout, name, passwords)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: make_data(layout, name, javas), names))


def program(layout: Layout, name: str, javas: Mapping[str, Java]) -> Program:
    kind = kind_of(name)
    kinds = {
        "kafka": lambda: broker.command(layout, name, javas[kind], listing(layout, name)),
        "cassandra": lambda: node.command(layout, name, javas[kind], listing(layout, name)),
        "mariadb": lambda: mariadb.command(layout),
        "redis": lambda: redis_server.command(layout),
    }
    return Program(name=name, command=kinds[kind](), folder=layout.home(name), log=layout.log(name))


def archiving(layout: Layout, javas: Mapping[str, Java]) -> list[Program]:
    """What archives the JVMs' classes, once a machine: beside the servers, behind everybody, so that nobody waits."""
    command = ["nice", "-n", "19", sys.executable, "-m", "stack", "archive"]
    if not any(java.can_archive() for java in javas.values()):
        return []
    return [Program(name=ARCHIVING, command=command, folder=ROOT, log=layout.log(ARCHIVING), once=True)]


def archive(javas: Mapping[str, Java]) -> None:
    """Makes what archives can be made."""
    for kind, flags in (("kafka", broker.FLAGS), ("cassandra", node.FLAGS)):
        if javas[kind].can_archive():
            javas[kind].archive_classes(flags)


def listing(layout: Layout, name: str) -> Path | None:
    """Where the first JVM of its kind lists its classes."""
    return layout.home(name) / LISTING if name.endswith("-1") else None


def keep_classes(layout: Layout, javas: Mapping[str, Java]) -> None:
    """Call it after a clean end of everything."""
    for kind, java in javas.items():
        java.keep_classes(layout.home(f"{kind}-1") / LISTING)
