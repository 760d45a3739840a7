"""Given for the tests of templates: a type with words, made in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from templates_app.catalog import get_catalog
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.texts import TEXTS
from templates_app.words import Words


@pytest.fixture(autouse=True)
def _nothing_remembered(redis: object) -> Iterator[None]:
    get_catalog.cache_clear()
    TEXTS.clear()
    yield
    get_catalog.cache_clear()
    TEXTS.clear()


@pytest.fixture
def make_type(db: None) -> Callable[..., NotificationType]:
    """make_type("order_shipped", Words("in_app", "en", title="…"), priority="high")"""

    def make(name: str, *texts: Words, **fields: Any) -> NotificationType:
        defaults: dict[str, Any] = {"category": "order_updates", "channels": ["in_app", "push"]}
        kind = NotificationType.objects.create(name=name, **{**defaults, **fields})
        if texts:
            publish(kind, texts)
        return kind

    return make
