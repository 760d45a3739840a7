"""Given for the tests of accepting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications import credentials, rate
from notifications.log import get_log
from templates_app.catalog import get_catalog
from tests.notifications.accepting import create_topics


@pytest.fixture
def empty_log(tmp_path: Path, settings) -> Iterator[None]:
    """An embedded log of this test's own with all topics."""
    settings.LOG_OPTIONS = settings.LOG_OPTIONS | {"folder": tmp_path / "log"}
    get_log.cache_clear()
    create_topics()
    yield
    get_log().close()
    get_log.cache_clear()


@pytest.fixture
def fresh_process(redis: object) -> Iterator[None]:
    """Nothing remembered in this process: no types, tokens, allowances."""
    get_catalog.cache_clear()
    credentials._local.clear()
    rate._slices.clear()
    yield
    get_catalog.cache_clear()
