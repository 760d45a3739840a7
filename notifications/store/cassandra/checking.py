"""What of the keyspace differs from this version and its settings, in words for an operator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cassandra.cluster import Session
from django.conf import settings

from notifications.store.cassandra import schema
from notifications.store.cassandra.options import READS
from notifications.store.cassandra.session import reachable

KEYSPACE = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
TABLES = "SELECT table_name, default_time_to_live, compaction FROM system_schema.tables WHERE keyspace_name = %s"
COLUMNS = "SELECT table_name, column_name, type FROM system_schema.columns WHERE keyspace_name = %s"

# What the tables have after all of schema.STEPS.
EXPECTED = {
    "notifications_by_user": {"user": "text", "at": "bigint", "id": "text", "entry": "blob"},
    "notification_details": {"notification": "text", "made_for": "text", "decision": "blob"},
    "delivery_log": {"notification": "text", "user": "text", "channel": "text", "part": "blob", "cells": "blob"},
    "read_state": {
        "user": "text", "id": "text", "read": "bigint", "seen": "bigint", "opened": "bigint", "archived": "bigint",
    },
}  # fmt: skip


def differences() -> list[str]:
    """A line for each; empty when all is as it should be. Raises StoreUnavailable."""
    with reachable() as session:
        return list(_differences(session))


def _differences(session: Session) -> Iterator[str]:
    keyspace = settings.CASSANDRA["keyspace"]
    found = _rows(session, KEYSPACE)
    if not found:
        yield f"keyspace {keyspace} doesn't exist"
        return
    yield from _replication(dict(found[0][0]))
    yield from _tables(session)
    missing = [step for step in schema.STEPS if step.number not in schema.steps_done(session)]
    yield from (f"step {step.number} wasn't taken: {step.name}" for step in missing)


def _replication(there: dict[str, str]) -> Iterator[str]:
    wanted = schema.replication()
    there["class"] = there["class"].rpartition(".")[2]
    if there != wanted:
        yield f"replication is {there}, the settings say {wanted}"


def _tables(session: Session) -> Iterator[str]:
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for table, column, kind in _rows(session, COLUMNS):
        columns[table][column] = kind
    kept = {table: (ttl, dict(compaction)) for table, ttl, compaction in _rows(session, TABLES)}
    for table, wanted in EXPECTED.items():
        if table not in kept:
            yield f"table {table} doesn't exist"
            continue
        for column, kind in wanted.items():
            if columns[table].get(column) != kind:
                yield f"{table}.{column} is {columns[table].get(column, 'missing')}, this version needs {kind}"
        if kept[table][0] != settings.INBOX_DAYS * schema.DAY_S:
            yield f"{table} keeps rows for {kept[table][0] / schema.DAY_S:g} days, INBOX_DAYS is {settings.INBOX_DAYS}"


def _rows(session: Session, cql: str) -> list[tuple]:
    return list(session.execute(cql, (settings.CASSANDRA["keyspace"],), execution_profile=READS))
