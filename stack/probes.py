"""Whether a server answers: asked in its own protocol, as a client would."""

from __future__ import annotations

import socket
import struct
from typing import Any

import redis

from stack.layout import Layout, kind_of
from stack.passwords import Passwords

TIMEOUT_S = 2.0
OPTIONS, SUPPORTED = 0x05, 0x06  # Cassandra's native protocol, v4: opcodes


def answers(layout: Layout, name: str, passwords: Passwords) -> bool:
    """Whether the server takes work by itself, whatever its peers do."""
    address, port = layout.address(name), layout.port(name)
    match kind_of(name):
        case "kafka":
            return _listens(address, port) and _broker_is_known(address, port)
        case "cassandra":
            return _speaks_cql(address, port)
        case "mariadb":
            return _greets(address, port)
        case _:
            return _pings(address, port, passwords)


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _broker_is_known(address: str, port: int) -> bool:
    """Whether the broker is in the cluster's metadata, which holds none that is fenced."""
    return any(broker.port == port for broker in _brokers(f"{address}:{port}"))


def brokers(layout: Layout) -> int:
    """How many brokers the cluster knows, as the first one sees it."""
    return len(_brokers(f"127.0.0.1:{layout.port('kafka-1')}"))


def _brokers(bootstrap: str) -> list[Any]:
    from confluent_kafka import KafkaException  # in requirements/production.txt
    from confluent_kafka.admin import AdminClient

    options: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0, "error_cb": lambda error: None}
    client = AdminClient(options)
    try:
        return list(client.list_topics(timeout=TIMEOUT_S).brokers.values())
    except KafkaException:
        return []


def _speaks_cql(address: str, port: int) -> bool:
    """A node opens this port only when it has joined."""
    try:
        with socket.create_connection((address, port), TIMEOUT_S) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.sendall(struct.pack(">BBhBi", 4, 0, 0, OPTIONS, 0))
            return connection.recv(9)[4:5] == bytes([SUPPORTED])
    except OSError:
        return False


def ring_is_whole(layout: Layout) -> bool:
    """Whether a node of Cassandra's reaches as many others as a row has replicas, and knows all of them."""
    from cassandra import ConsistencyLevel
    from cassandra.cluster import Cluster, NoHostAvailable
    from cassandra.query import SimpleStatement

    everywhere = SimpleStatement(
        "SELECT * FROM system_distributed.view_build_status LIMIT 1", consistency_level=ConsistencyLevel.ALL
    )
    names = [name for name in layout.names() if kind_of(name) == "cassandra"]
    for name in names:
        cluster = Cluster([layout.address(name)], port=layout.port(name), connect_timeout=TIMEOUT_S)
        try:
            session = cluster.connect()
            session.execute(everywhere, timeout=TIMEOUT_S)
            if len(cluster.metadata.all_hosts()) < len(names):
                return False
        except (NoHostAvailable, OSError, Exception):
            return False
        finally:
            cluster.shutdown()
    return True


def _greets(address: str, port: int) -> bool:
    """MariaDB speaks first: a packet whose first byte is the protocol's number, 10."""
    try:
        with socket.create_connection((address, port), TIMEOUT_S) as connection:
            connection.settimeout(TIMEOUT_S)
            return connection.recv(5)[4:5] == bytes([10])
    except OSError:
        return False


def _pings(address: str, port: int, passwords: Passwords) -> bool:
    client = redis.Redis(host=address, port=port, password=passwords.redis, socket_timeout=TIMEOUT_S)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
