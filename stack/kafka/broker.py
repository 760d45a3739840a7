"""A Kafka broker as a program: its files, its command line, its first formatting."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stack.files import last_lines
from stack.java import Java
from stack.kafka.settings import LOG4J, properties, properties_file
from stack.layout import Layout, number_of
from stack.problems import StackError

MAIN = "kafka.Kafka"
# C1 alone starts in a third of the time; a broker is mostly system calls.
FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
HEAP_MB = {1: 512, 3: 384, 5: 320}


def files(layout: Layout, name: str) -> dict[Path, str]:
    """What has to lie in its folder before it starts."""
    home = layout.home(name)
    return {
        home / "server.properties": properties_file(properties(layout, name)),
        home / "log4j2.xml": LOG4J,
    }


def command(layout: Layout, name: str, java: Java, listing: Path | None) -> list[str]:
    """`listing`: see Java.command."""
    home = layout.home(name)
    flags = [*FLAGS, f"-Xmx{HEAP_MB[layout.nodes]}m", _logging(home)]
    return [*java.command(flags, listing), MAIN, str(home / "server.properties")]


def format_data(layout: Layout, name: str, java: Java) -> None:
    """Gives the data folder its cluster's identity, once. Raises StackError with the tool's words."""
    home = layout.home(name)
    if (home / "data" / "meta.properties").exists():
        return
    quorum = ["--no-initial-controllers"]
    if number_of(name) <= layout.nodes:
        quorum = ["--initial-controllers", ",".join(_controllers(layout))]
    arguments = ["format", "-t", layout.cluster_id, "-c", str(home / "server.properties"), *quorum]
    log = layout.log(name)
    with log.open("ab") as output:
        done = subprocess.run(
            [*java.command([*FLAGS, _logging(home)]), "kafka.tools.StorageTool", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise StackError(f"{name} couldn't be formatted; {log} ends with:\n{last_lines(log)}")


def _logging(home: Path) -> str:
    return f"-Dlog4j2.configurationFile={home}/log4j2.xml"


def _controllers(layout: Layout) -> list[str]:
    return [
        f"{number}@127.0.0.1:{layout.controller_port(number)}:{directory}"
        for number, directory in enumerate(layout.directory_ids, start=1)
    ]
