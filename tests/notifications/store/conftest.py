"""The contract tests of the store's port run on every engine; Cassandra's in a keyspace made for the session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from notifications.store import ENGINES
from notifications.store.port import Store


@pytest.fixture(scope="session")
def keyspace() -> Iterator[str]:
    """A keyspace with its tables, forgotten after."""
    from notifications.store.cassandra import schema

    given = settings.CASSANDRA["keyspace"]
    settings.CASSANDRA["keyspace"] = f"test_{uuid4().hex[:12]}"
    schema.create()
    yield settings.CASSANDRA["keyspace"]
    schema.drop()
    settings.CASSANDRA["keyspace"] = given


@pytest.fixture(params=["sql", "cassandra"])
def store(request: pytest.FixtureRequest, db: None) -> Store:
    if request.param != settings.STORE_ENGINE:
        if request.param == "cassandra" and os.environ.get("CI_STACK"):
            pytest.fail("CI_STACK needs STORE_ENGINE=cassandra and its servers")
        pytest.skip(f"needs STORE_ENGINE={request.param}")
    if request.param == "cassandra":
        request.getfixturevalue("keyspace")
    engine: Store = import_string(ENGINES[request.param])()
    return engine
