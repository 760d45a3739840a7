"""The keyspace and its tables, made and changed by numbered steps; which were done stands in a table of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

from cassandra.cluster import Session
from django.conf import settings

from foundation.clock import now_ms
from notifications.store.cassandra.options import READS
from notifications.store.cassandra.session import reachable

DDL_WITHIN_S = 30.0
DAY_S = 86_400
# A window's files are merged into one and dropped together when their last row has expired: about thirty at a time.
WINDOWS = 30

KEYSPACE = "CREATE KEYSPACE IF NOT EXISTS {ks} WITH replication = {replication}"
STEPS_TABLE = "CREATE TABLE IF NOT EXISTS {ks}.schema_steps (step int PRIMARY KEY, name text, done_at bigint)"
WINDOWED = (
    " default_time_to_live = {ttl} AND gc_grace_seconds = 86400"
    " AND compaction = {{'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS',"
    " 'compaction_window_size': '{days}'}}"
    " AND compression = {{'class': 'LZ4Compressor', 'chunk_length_in_kb': '16'}}"
)
LEVELED = (
    " default_time_to_live = {ttl} AND gc_grace_seconds = 86400"
    " AND compaction = {{'class': 'LeveledCompactionStrategy'}}"
)


class Step(NamedTuple):
    """A change of the schema; `statements` may be run again."""

    number: int
    name: str
    statements: tuple[str, ...]


STEPS = (
    Step(
        1,
        "inboxes, decisions, the delivery log, read state",
        (
            "CREATE TABLE IF NOT EXISTS {ks}.notifications_by_user (user text, at bigint, id text, entry blob,"
            " PRIMARY KEY (user, at, id)) WITH CLUSTERING ORDER BY (at DESC, id DESC) AND" + WINDOWED,
            "CREATE TABLE IF NOT EXISTS {ks}.notification_details (notification text, made_for text, decision blob,"
            " PRIMARY KEY (notification, made_for)) WITH" + WINDOWED,
            "CREATE TABLE IF NOT EXISTS {ks}.delivery_log (notification text, user text, channel text, part blob,"
            " cells blob, PRIMARY KEY (notification, user, channel, part)) WITH" + WINDOWED,
            "CREATE TABLE IF NOT EXISTS {ks}.read_state (user text, id text, read bigint, seen bigint, opened bigint,"
            " archived bigint, PRIMARY KEY (user, id)) WITH" + LEVELED,
        ),
    ),
)
TABLES = ("notifications_by_user", "notification_details", "delivery_log", "read_state")


def create() -> list[str]:
    """Makes what is missing; any number of times. Returns what was done. Raises StoreUnavailable."""
    with reachable() as session:
        done = _make_keyspace(session)
        _run(session, STEPS_TABLE)
        known = steps_done(session)
        for step in STEPS:
            if step.number not in known:
                _take(session, step)
                done.append(f"step {step.number}: {step.name}")
        return [*done, *_keep_for(session)]


def empty() -> None:
    """Takes all rows out of every table: for tests. Raises StoreUnavailable."""
    with reachable() as session:
        some = "SELECT * FROM {ks}.{t} LIMIT 1"
        holding = [t for t in TABLES if session.execute(_filled(some.replace("{t}", t))).one()]
        emptied = [session.execute_async(_filled("TRUNCATE {ks}." + t), timeout=DDL_WITHIN_S) for t in holding]
        for each in emptied:
            each.result()


def _keep_for(session: Session) -> list[str]:
    """What is written from now on is kept for settings.INBOX_DAYS."""
    cql = "SELECT table_name, default_time_to_live FROM system_schema.tables WHERE keyspace_name = %s"
    wanted = settings.INBOX_DAYS * DAY_S
    rows = session.execute(cql, (settings.CASSANDRA["keyspace"],), execution_profile=READS)
    changed = [table for table, ttl in rows if table in TABLES and ttl != wanted]
    for table in changed:
        _run(session, "ALTER TABLE {ks}." + table + " WITH default_time_to_live = {ttl}")
    return [f"{table} keeps new rows for {settings.INBOX_DAYS} days" for table in changed]


def drop() -> None:
    """Forgets the keyspace with all that is in it: for tests. Raises StoreUnavailable."""
    with reachable() as session:
        _run(session, "DROP KEYSPACE IF EXISTS {ks}")


def _make_keyspace(session: Session) -> list[str]:
    if settings.CASSANDRA["keyspace"] in _keyspaces(session):
        return []
    _run(session, KEYSPACE)
    return [f"keyspace {settings.CASSANDRA['keyspace']} with {replication()}"]


def _keyspaces(session: Session) -> dict[str, dict[str, str]]:
    rows = session.execute("SELECT keyspace_name, replication FROM system_schema.keyspaces", execution_profile=READS)
    return {name: dict(options) for name, options in rows}


def steps_done(session: Session) -> set[int]:
    """The numbers of the steps that were taken."""
    cql = f"SELECT step FROM {settings.CASSANDRA['keyspace']}.schema_steps"  # noqa: S608
    rows = session.execute(cql, execution_profile=READS)
    return {step for (step,) in rows}


def _take(session: Session, step: Step) -> None:
    for statement in step.statements:
        _run(session, statement)
    insert = "INSERT INTO {ks}.schema_steps (step, name, done_at) VALUES (%s, %s, %s)"
    _run(session, insert, (step.number, step.name, now_ms()))


def _run(session: Session, statement: str, parameters: tuple[Any, ...] | None = None) -> None:
    session.execute(_filled(statement), parameters, timeout=DDL_WITHIN_S)


def _filled(statement: str) -> str:
    days = max(1, settings.INBOX_DAYS // WINDOWS)
    return statement.format(
        ks=settings.CASSANDRA["keyspace"], replication=replication(), ttl=settings.INBOX_DAYS * DAY_S, days=days
    )


def replication() -> dict[str, str]:
    """As settings.CASSANDRA wants it."""
    options: dict[str, Any] = settings.CASSANDRA
    return {"class": "NetworkTopologyStrategy", options["datacenter"]: str(options["replication"])}
