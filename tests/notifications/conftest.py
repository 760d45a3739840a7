"""Given for the tests of accepting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications import credentials, rate
from notifications.log import get_log
from templates_app.catalog import get_catalog
from tests.notifications.accepting import begin_here, create_topics


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the embedded log of all these tests."""
    return tmp_path_factory.mktemp("log")


@pytest.fixture
def empty_log(log_folder: Path, settings) -> Iterator[None]:
    """The embedded log with all topics; `accepting.written` tells what this test put there."""
    settings.LOG_OPTIONS = settings.LOG_OPTIONS | {"folder": log_folder}
    get_log.cache_clear()
    create_topics()
    begin_here()
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
