"""With STORE_ENGINE=cassandra: this run's keyspace, made once, emptied after each test that could write into it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings

DATABASES = {"db", "transactional_db"}


@pytest.fixture(scope="session")
def store_tables() -> Iterator[None]:
    """Nothing for the SQL store: its tables are Django's."""
    if settings.STORE_ENGINE == "sql":
        yield
        return
    from django_cassandra_engine.base.features import CassandraDatabaseFeatures

    from notifications.store.cassandra import schema

    # Django asks whether every database of a test can be rolled back, also a mirror, of which it begins no transaction.
    CassandraDatabaseFeatures.supports_transactions = True
    schema.create()
    yield
    schema.drop()


@pytest.fixture(autouse=True)
def emptied_store(request: pytest.FixtureRequest) -> Iterator[None]:
    uses = request.node.get_closest_marker("django_db") or not DATABASES.isdisjoint(request.fixturenames)
    if settings.STORE_ENGINE == "sql" or not uses:
        yield
        return
    from notifications.store.cassandra import schema

    request.getfixturevalue("store_tables")
    yield
    schema.empty()
