"""Given: three categories, and a user whose mails link to these pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from preferences.models import User
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType

TYPES = [
    {"name": "order_shipped", "category": "order_updates", "channels": ["in_app", "push", "email", "sms"]},
    {"name": "order_delayed", "category": "order_updates", "channels": ["in_app", "email"]},
    {"name": "spring_sale", "category": "promotions", "channels": ["push", "email"], "marketing": True},
    {"name": "login_code", "category": "security", "channels": ["email", "sms"], "mandatory": True},
    {"name": "invoice", "category": "account", "channels": ["in_app", "email"]},
    {"name": "password_changed", "category": "account", "channels": ["email"], "mandatory": True},
]


@pytest.fixture
def catalog(db: None, redis: object) -> Iterator[None]:
    for row in TYPES:
        NotificationType.objects.create(**row)
    get_catalog.cache_clear()
    yield
    get_catalog.cache_clear()


@pytest.fixture
def ann(catalog: None) -> User:
    return User.objects.create(user_id="usr_ann", email="ann@example.com", locale="de-AT")
