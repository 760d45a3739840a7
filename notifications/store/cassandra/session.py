"""The one session of this process, made on first use; the driver's trouble mapped to the tree of errors once.

django-cassandra-engine registers the connection when Django starts, without a server (`lazy_connect`). Whoever comes
first connects, the others wait for that. Where it fails, StoreUnavailable; the next call after a rest tries again.
From then on the driver looks after its nodes: those that went are tried every second, for ever.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from cassandra import DriverException, InvalidRequest
from cassandra.cluster import NoHostAvailable, Session
from cassandra.cqlengine import connection as registry
from cassandra.policies import HostStateListener
from cassandra.query import PreparedStatement
from django.conf import settings

from foundation.errors import StoreUnavailable
from notifications.store.cassandra.options import cluster_options

ALIAS = "store"
REST_S = 1.0
NO_SCHEMA = ("unconfigured table", "does not exist", "Undefined column name", "Unknown identifier")

log = structlog.get_logger(__name__)


class _Connecting:
    """What this process knows of its connection. `session` is set once and stays."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Session | None = None
        self.failed_at = float("-inf")
        self.why = ""
        self.prepared: dict[str, PreparedStatement] = {}


_connecting = _Connecting()


@contextmanager
def reachable() -> Iterator[Session]:
    """The session; everything that says "not now" becomes StoreUnavailable. A statement that is wrong stays wrong."""
    try:
        yield get_session()
    except InvalidRequest as error:
        if any(words in str(error) for words in NO_SCHEMA):
            raise StoreUnavailable(f"the store's tables are missing; run manage.py store create: {error}") from error
        raise
    except (DriverException, NoHostAvailable) as error:
        raise StoreUnavailable(f"the notification store is away: {_short(error)}") from error


def get_session() -> Session:
    """The driver's session, connected. Raises StoreUnavailable."""
    if _connecting.session is not None:
        return _connecting.session
    with _connecting.lock:
        if _connecting.session is None:
            _connect()
        return _connecting.session


def prepared(session: Session, cql: str) -> PreparedStatement:
    """`cql` prepared; `{ks}` in it is the keyspace. Prepared once a process (twice at most, when two come at once)."""
    text = cql.replace("{ks}", settings.CASSANDRA["keyspace"])
    statement = _connecting.prepared.get(text)
    if statement is None:
        statement = session.prepare(text)
        statement.is_idempotent = True
        _connecting.prepared[text] = statement
    return statement


def _connect() -> None:
    if time.monotonic() - _connecting.failed_at < REST_S:
        raise StoreUnavailable(f"the notification store is away: {_connecting.why}")
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)  # a line for every try; ours is one for every change
    try:
        session = registry.get_connection(ALIAS).session
    except (DriverException, NoHostAvailable) as error:
        _connecting.failed_at, _connecting.why = time.monotonic(), _short(error)
        _register_again()
        raise StoreUnavailable(f"the notification store can't be reached: {_connecting.why}") from error
    session.cluster.register_listener(_Changes())
    _connecting.session = session


def _register_again() -> None:
    """A connection of django-cassandra-engine's that failed once would stay broken."""
    registry.unregister_connection(ALIAS)
    registry.register_connection(
        ALIAS,
        hosts=settings.CASSANDRA["contact_points"],
        lazy_connect=True,
        cluster_options=cluster_options(settings.CASSANDRA),
    )


def _short(error: Exception) -> str:
    """One line: NoHostAvailable carries a dict of all nodes' errors."""
    if isinstance(error, NoHostAvailable) and isinstance(error.errors, dict):
        return "; ".join(f"{node}: {why}" for node, why in error.errors.items()) or "no node is up"
    return str(error)


class _Changes(HostStateListener):
    """One line in the log for every node that goes or comes."""

    def on_up(self, host: Any) -> None:
        log.warning("a node of the store is up", node=host.address)

    def on_down(self, host: Any) -> None:
        log.warning("a node of the store is down", node=host.address)

    def on_add(self, host: Any) -> None:
        log.info("a node of the store joined", node=host.address)

    def on_remove(self, host: Any) -> None:
        log.warning("a node of the store left", node=host.address)
