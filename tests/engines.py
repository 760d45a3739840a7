"""The engines a test run is on: embedded, or the servers that the environment names (`make test-stack`).

On the servers everything that is tested gets names of its own: a topic prefix, a keyspace, a control-plane database and
a Redis database. They are made before, and forgotten after.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

STACK = os.environ.get("LOG_ENGINE") == "kafka"
REDIS_DATABASES = 16
PATIENCE_S = 20
# Enough for two members to share each topic; a broker makes and forgets them in a tenth of a second.
FEW_PARTITIONS = 2
WORKERS_MAX = 4
# 0: a demo's; then one for each process of the tests; then those of the platforms that tests start.
_redis_databases = itertools.cycle(range(WORKERS_MAX + 1, REDIS_DATABASES))


def worker() -> int:
    """Which of the processes that share the tests this is."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def own_names(name: str, environment: Mapping[str, str], *, redis_database: int | None = None) -> dict[str, str]:
    """The variables that give `name` topics, a keyspace and databases of its own on the servers of `environment`."""
    number = next(_redis_databases) if redis_database is None else redis_database
    return {
        "KAFKA_PREFIX": f"{name}.",
        "CASSANDRA_KEYSPACE": name,
        "DATABASE_URL": _at_path(environment["DATABASE_URL"], name),
        "REDIS_URL": _at_path(environment["REDIS_URL"], str(number)),
    }


def make_room(environment: Mapping[str, str]) -> None:
    """The control-plane database of `environment`, empty, and its Redis database emptied. Topics and tables are made
    by the platform itself."""
    import redis

    name = urlsplit(environment["DATABASE_URL"]).path.strip("/")
    _on_database_server(environment, f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}`")
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        client.flushdb()


def forget(environment: Mapping[str, str]) -> None:
    """Drops what `own_names` named."""
    forget_topics(environment["KAFKA_BOOTSTRAP"], environment["KAFKA_PREFIX"])
    _drop_keyspace(environment)
    name = urlsplit(environment["DATABASE_URL"]).path.strip("/")
    _on_database_server(environment, f"DROP DATABASE IF EXISTS `{name}`")


def forget_topics(bootstrap: str, prefix: str) -> None:
    """Deletes every topic whose name begins with `prefix`, and waits until the brokers have.

    A broker given no time (`operation_timeout=0`) deletes nothing and says nothing.
    """
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    mine = [topic for topic in admin.list_topics(timeout=PATIENCE_S).topics if topic.startswith(prefix)]
    if mine:
        for done in admin.delete_topics(mine, operation_timeout=PATIENCE_S).values():
            done.result(PATIENCE_S)


def _at_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _on_database_server(environment: Mapping[str, str], *statements: str) -> None:
    import MySQLdb

    url = urlsplit(environment["DATABASE_URL"])
    connection = MySQLdb.connect(
        host=url.hostname, port=url.port, user=url.username, password=url.password, connect_timeout=PATIENCE_S
    )
    with closing(connection), closing(connection.cursor()) as cursor:
        for statement in statements:
            cursor.execute(statement)


def _drop_keyspace(environment: Mapping[str, str]) -> None:
    from cassandra.cluster import Cluster

    points = environment["CASSANDRA_CONTACT_POINTS"].split(",")
    cluster = Cluster(points, port=int(environment["CASSANDRA_PORT"]), control_connection_timeout=PATIENCE_S)
    try:
        keyspace = environment["CASSANDRA_KEYSPACE"]
        cluster.connect().execute(f'DROP KEYSPACE IF EXISTS "{keyspace}"', timeout=PATIENCE_S)
    finally:
        cluster.shutdown()


_logs = itertools.count(1)


def own_log(options: Mapping[str, object], folder: Path) -> dict[str, object]:
    """LOG_OPTIONS of a log of its own, empty: in `folder`, or under a prefix of its own on the brokers."""
    if not STACK:
        return {**options, "folder": folder}
    return {**options, "prefix": f"{os.environ['KAFKA_PREFIX']}{next(_logs)}."}


def forget_log(options: Mapping[str, Any]) -> None:
    """Has the brokers forget the topics of `own_log`: thousands would fill their memory."""
    if STACK:
        forget_topics(options["bootstrap"], options["prefix"])


def partitions(count: int) -> int:
    """How many partitions a test's topic gets: on the brokers fewer are as good and sooner made."""
    return min(count, FEW_PARTITIONS) if STACK else count
