"""Tokens in the admin: made with a secret shown once, looked at, revoked; never edited."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from foundation.errors import Unauthenticated
from notifications.credentials import authenticate, create_token
from notifications.models import ServiceToken
from templates_app.models import NotificationType

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
LIST = "/admin/notifications/servicetoken/"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    return client


def test_a_new_tokens_secret_is_shown_once_and_works(staff: Client) -> None:
    NotificationType.objects.create(name="order_shipped", category="orders", channels=["in_app"])
    asked = {
        "name": "shop",
        "kind": "service",
        "scopes": ["notifications:send"],
        "types": ["order_shipped"],
        "rate": "50",
        "expires_at_0": "",
        "expires_at_1": "",
    }

    page = staff.post(LIST + "add/", asked, follow=True).content.decode()

    secret = re.search(r"<code>(nps_[\w-]+)</code>", page)
    assert secret, page
    facts = authenticate(secret[1])
    assert (facts.scopes, facts.types, facts.rate) == (frozenset({"notifications:send"}), ("order_shipped",), 50)
    assert ServiceToken.objects.count() == 1
    assert secret[1] not in staff.get(LIST).content.decode()
    assert secret[1] not in staff.get(f"{LIST}{ServiceToken.objects.get().pk}/change/").content.decode()


def test_a_token_that_is_there_cannot_be_changed_or_deleted(staff: Client) -> None:
    _, row = create_token(name="shop", scopes=["notifications:send"])
    change = f"{LIST}{row.pk}/change/"

    assert 'name="scopes"' not in staff.get(change).content.decode()
    staff.post(change, {"name": "other", "scopes": ["broadcast"]})

    row.refresh_from_db()
    assert (row.name, row.scopes) == ("shop", ["notifications:send"])
    assert staff.get(f"{LIST}{row.pk}/delete/").status_code == 403


def test_revoking_ends_it_at_once(staff: Client) -> None:
    secret, row = create_token(name="shop", scopes=["notifications:send"])
    authenticate(secret)

    page = staff.post(LIST, {"action": "revoke", "_selected_action": [row.pk]}, follow=True).content.decode()

    assert "1 revoked" in page
    with pytest.raises(Unauthenticated):
        authenticate(secret)
