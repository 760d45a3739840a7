"""A list without rows says what would stand there; one that was searched says that nothing fits."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

import config.urls  # noqa: F401  it loads the pages
from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]

NEVER_EMPTY = {"user", "group", "control", "accountsetting"}  # staff: who looks is one; roles; channels and accounts
LISTS = [
    pytest.param(model, id=model._meta.label_lower)
    for model in admin.site._registry
    if model._meta.label_lower == "preferences.user" or model._meta.model_name not in NEVER_EMPTY
]


@pytest.fixture
def looking() -> Client:
    return somebody("admin")


def shown(client: Client, model: type[Model], **asked: Any) -> str:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return unescape(client.get(address, asked).content.decode())


@pytest.mark.parametrize("model", LISTS)
def test_it_says_what_would_stand_there(looking: Client, model: type[Model]):
    model._default_manager.all().delete()
    page = shown(looking, model)
    words = admin.site._registry[model].words_when_empty  # each has its own
    assert words in page
    assert "yielded" not in page


def test_where_nothing_fits_it_says_so_and_shows_the_way_back(looking: Client):
    page = shown(looking, next(m for m in admin.site._registry if m._meta.model_name == "deadletter"), q="nobody")
    assert "No dead letter fits" in page
    assert 'href="?"' in page
