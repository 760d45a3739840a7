"""The contract tests of the store's port run on every engine, each in a run with its STORE_ENGINE."""

from __future__ import annotations

import os

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from notifications.store import ENGINES
from notifications.store.port import Store


@pytest.fixture(params=["sql", "cassandra"])
def store(request: pytest.FixtureRequest, db: None) -> Store:
    """Cassandra's keyspace is made and emptied by tests.notifications.store.keyspace."""
    if request.param != settings.STORE_ENGINE:
        if request.param == "cassandra" and os.environ.get("CI_STACK"):
            pytest.fail("CI_STACK needs STORE_ENGINE=cassandra and its servers")
        pytest.skip(f"needs STORE_ENGINE={request.param}")
    engine: Store = import_string(ENGINES[request.param])()
    return engine
