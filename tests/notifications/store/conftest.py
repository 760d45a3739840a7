"""The contract tests of the store's port run on every engine named here."""

from __future__ import annotations

import pytest
from django.utils.module_loading import import_string

from notifications.store import ENGINES
from notifications.store.port import Store


@pytest.fixture(params=["sql"])
def store(request: pytest.FixtureRequest, db: None) -> Store:
    return import_string(ENGINES[request.param])()
