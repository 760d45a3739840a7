"""`stack.env`: what the platform has to be told so that it runs on these servers. Pure but for the writing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import mariadb, redis_server
from stack.files import write_private
from stack.layout import KINDS, Layout, kind_of
from stack.passwords import Passwords

KEYSPACE = "notifications"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where clients reach each server: (host, port); `copies` of everything that is kept, from three nodes on 3."""

    kafka: list[tuple[str, int]]
    cassandra: list[tuple[str, int]]
    mariadb: tuple[str, int]
    redis: tuple[str, int]
    copies: int = 1


def places(layout: Layout) -> Places:
    def of(kind: str) -> list[tuple[str, int]]:
        names = [name for name in layout.names() if kind_of(name) == kind]
        return [(layout.address(name), layout.port(name)) for name in names]

    kafka, nodes, mariadb, redis = (of(kind) for kind in KINDS)
    return Places(kafka=kafka, cassandra=nodes, mariadb=mariadb[0], redis=redis[0], copies=min(layout.nodes, 3))


def environment(places: Places, passwords: Passwords) -> dict[str, str]:
    """The settings of docs/settings.md that name the servers."""
    return {
        "LOG_ENGINE": "kafka",
        "KAFKA_BOOTSTRAP": ",".join(f"{host}:{port}" for host, port in places.kafka),
        "KAFKA_REPLICATION": str(places.copies),
        "KAFKA_MIN_ISR": str(2 if places.copies >= 3 else 1),
        "STORE_ENGINE": "cassandra",
        "CASSANDRA_CONTACT_POINTS": ",".join(host for host, _ in places.cassandra),
        "CASSANDRA_PORT": str(places.cassandra[0][1]),
        "CASSANDRA_KEYSPACE": KEYSPACE,
        "CASSANDRA_REPLICATION": str(places.copies),
        "CASSANDRA_CONSISTENCY": "LOCAL_QUORUM",
        "DATABASE_URL": mariadb.url(passwords, *places.mariadb),
        "REDIS_URL": redis_server.url(passwords, *places.redis),
    }


def write(path: Path, values: Mapping[str, str]) -> None:
    """Lines that a shell can source, for their owner alone."""
    write_private(path, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()))


def read(path: Path) -> dict[str, str]:
    """The variables in the file. Raises FileNotFoundError."""
    words = shlex.split(path.read_text(), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)
