"""Given for the delivery room's tests: the embedded engine's servers, real and empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.engines import own_log

DATABASES = ["default", "store", "sandbox"]


@pytest.fixture(scope="module")
def module_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A log of the module's own, with its topics; it only ever grows."""
    from django.conf import settings

    from notifications.log import ensure_topics, get_log

    get_log.cache_clear()
    with override_settings(LOG_OPTIONS=own_log(settings.LOG_OPTIONS, tmp_path_factory.mktemp("log"))):
        ensure_topics()
        yield
        get_log().close()
    get_log.cache_clear()


@pytest.fixture
def servers(module_log: None, transactional_db: None, redis: object) -> Iterator[None]:
    """Empty databases, an empty Redis, and the module's log."""
    from delivery import controls
    from delivery.providers.sandbox import switches
    from templates_app.catalog import get_catalog

    get_catalog.cache_clear()
    switches.forget()
    controls.forget()
    yield
    controls.forget()
    get_catalog.cache_clear()
    switches.forget()
