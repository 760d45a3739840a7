"""Where a stack's servers live: names, ports, folders. Chosen once, kept in the state folder."""

from __future__ import annotations

import json
import os
import random
import socket
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from stack.files import write_private
from stack.problems import StackError

# Below the range from which outgoing connections take theirs, so that a kept port is free after a restart.
FIRST_BASE, LAST_BASE = 20_000, 31_900
SPAN = 50  # ports a stack may use from its base on
BROKERS_MAX, NODES = 9, (1, 3, 5)
KINDS = ("kafka", "cassandra", "mariadb", "redis")
# Offsets from the base; a kind's servers follow one another where they share an address.
OFFSETS = {"mariadb": 0, "redis": 1, "cassandra": 2, "storage": 3, "jmx": 4, "kafka": 10, "controller": 20}
PROXIED_OFFSET, PROXY_OFFSET = 30, 40


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A stack's shape: `nodes` as it was made (Cassandra nodes, controllers), `brokers` as it is now.

    `given` holds ports that were asked for by kind; the others are counted from `base`.
    """

    folder: Path
    nodes: int
    brokers: int
    base: int
    given: Mapping[str, int] = field(default_factory=dict)
    cluster_id: str
    directory_ids: tuple[str, ...]

    def names(self) -> list[str]:
        """Every server, in the order in which they are shown."""
        kafka = [f"kafka-{number}" for number in range(1, self.brokers + 1)]
        cassandra = [f"cassandra-{number}" for number in range(1, self.nodes + 1)]
        return [*kafka, *cassandra, "mariadb", "redis"]

    def address(self, name: str) -> str:
        """Cassandra's nodes share ports, each on a loopback address of its own; all others are on 127.0.0.1."""
        return f"127.0.0.{number_of(name)}" if kind_of(name) == "cassandra" else "127.0.0.1"

    def port(self, name: str) -> int:
        """The port on which clients reach the server."""
        kind = kind_of(name)
        first = self.given.get(kind, self.base + OFFSETS[kind])
        return first + number_of(name) - 1 if kind == "kafka" else first

    def controller_port(self, number: int) -> int:
        return self.base + OFFSETS["controller"] + number - 1

    def storage_port(self) -> int:
        return self.base + OFFSETS["storage"]

    def jmx_port(self, number: int) -> int:
        return self.base + OFFSETS["jmx"] + number - 1

    def proxied(self, name: str) -> tuple[int, int]:
        """(where a TCP proxy before this server has to listen, where it has to send to).

        A broker tells its clients where to come back to: the way through a proxy is a listener of its own, advertised
        at the proxy's port. The other servers need no more than their port.
        """
        if kind_of(name) == "kafka":
            number = number_of(name) - 1
            return self.base + PROXY_OFFSET + number, self.base + PROXIED_OFFSET + number
        return self.base + PROXY_OFFSET + 9, self.port(name)

    def home(self, name: str) -> Path:
        """The server's own folder: configuration and data."""
        return self.folder / name

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def listening(self, name: str) -> list[tuple[str, int]]:
        """Every address and port on which the server listens."""
        address, number = self.address(name), number_of(name)
        ports = [self.port(name)]
        if kind_of(name) == "kafka":
            ports.append(self.proxied(name)[1])
            if number <= self.nodes:
                ports.append(self.controller_port(number))
        if kind_of(name) == "cassandra":
            return [(address, ports[0]), (address, self.storage_port()), ("127.0.0.1", self.jmx_port(number))]
        return [(address, port) for port in ports]

    def with_another_broker(self) -> Layout:
        """Raises StackError when there is no port left for one."""
        if self.brokers == BROKERS_MAX:
            raise StackError(f"{BROKERS_MAX} brokers are the most that have ports here")
        return replace(self, brokers=self.brokers + 1)


def kind_of(name: str) -> str:
    return name.partition("-")[0]


def number_of(name: str) -> int:
    return int(name.partition("-")[2] or 1)


def make(folder: Path, nodes: int, environment: Mapping[str, str] = os.environ) -> Layout:
    """A new layout, on ports given by STACK_PORT and STACK_<KIND>_PORT or else found free. Raises StackError."""
    if nodes not in NODES:
        raise StackError(f"NODES must be one of {', '.join(map(str, NODES))}, not {nodes}")
    given = {kind: port for kind in KINDS if (port := _given(environment, f"STACK_{kind.upper()}_PORT"))}
    draft = Layout(
        folder=folder,
        nodes=nodes,
        brokers=nodes,
        base=_given(environment, "STACK_PORT"),
        given=given,
        cluster_id=_kafka_id(),
        directory_ids=tuple(_kafka_id() for _ in range(nodes)),
    )
    if draft.base:
        return draft
    for base in _bases():
        layout = replace(draft, base=base)
        if not [place for place in taken(layout) if place[2] not in given.values()]:
            return layout
    raise StackError(f"no {SPAN} free ports between {FIRST_BASE} and {LAST_BASE + SPAN}; give some: STACK_PORT=…")


def taken(layout: Layout) -> list[tuple[str, str, int]]:
    """Ports of the layout on which somebody listens already: (server, address, port)."""
    wanted = [(name, *place) for name in layout.names() for place in layout.listening(name)]
    return [place for place in wanted if not _free(place[1], place[2])]


def load(folder: Path) -> Layout | None:
    """The layout kept in the folder; None when nothing was made there yet."""
    try:
        kept = json.loads((folder / "stack.json").read_text())
    except FileNotFoundError:
        return None
    return Layout(folder=folder, **{**kept, "directory_ids": tuple(kept["directory_ids"])})


def save(layout: Layout) -> None:
    kept = {name: value for name, value in asdict(layout).items() if name != "folder"}
    write_private(layout.folder / "stack.json", json.dumps(kept, indent=1) + "\n")


def _bases() -> Iterator[int]:
    choices = list(range(FIRST_BASE, LAST_BASE, SPAN))
    random.shuffle(choices)  # two stacks made at once look in different places
    return iter(choices)


def _given(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name) or "0"
    if not value.isdigit() or not 0 <= int(value) <= 65_535 - SPAN:
        raise StackError(f"{name} must be a port up to {65_535 - SPAN}, not {value!r}")
    return int(value)


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _kafka_id() -> str:
    """An identity as Kafka writes them: a UUID in URL-safe base64; none may begin with a dash."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return text
