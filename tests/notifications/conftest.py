"""Given for the tests of accepting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifications import credentials, rate
from notifications.log import get_log
from templates_app.catalog import get_catalog
from tests.engines import own_log
from tests.notifications.accepting import begin_here, create_topics


@pytest.fixture(scope="session")
def log_options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The log of all these tests."""
    from django.conf import settings

    return own_log(settings.LOG_OPTIONS, tmp_path_factory.mktemp("log"))


@pytest.fixture
def empty_log(log_options: dict[str, object], settings) -> Iterator[None]:
    """The log with all topics; `accepting.written` tells what this test put there."""
    settings.LOG_OPTIONS = log_options
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
