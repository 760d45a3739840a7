"""GET /whoami and /types: what a token may do, and what there is to send."""

from __future__ import annotations

import pytest
from django.test import Client

from notifications.credentials import make_user_token
from tests.notifications.accepting import make_type
from tests.notifications.api.calling import Caller, assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process")]


def test_a_service_sees_its_scopes_types_and_rate():
    caller = Caller("notifications:send", types=["order_shipped"], rate=5)
    answer = caller.get("whoami")
    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "service",
        "name": caller.row.name,
        "user_id": "",
        "scopes": ["notifications:send"],
        "types": ["order_shipped"],
        "rate": 5,
        "expires_at": None,
    }


def test_a_users_token_sees_its_user_and_nothing_of_the_catalogue():
    headers = {"Authorization": f"Bearer {make_user_token('usr_42')}"}
    told = Client().get("/api/v1/whoami", headers=headers).json()
    assert (told["kind"], told["user_id"], told["scopes"]) == ("user", "usr_42", [])
    assert_problem(Client().get("/api/v1/types", headers=headers), 403)


@pytest.mark.parametrize("path", ["whoami", "types"])
def test_without_a_token_it_is_401(path):
    assert_problem(Client().get(f"/api/v1/{path}"), 401)


def test_types_say_which_the_token_may_send():
    make_type("order_shipped")
    make_type("login_code", category="security", priority="critical", mandatory=True, expires_after_s=600)
    told = Caller("notifications:send", types=["order_shipped"]).get("types").json()["types"]
    assert [(each["name"], each["allowed"], each["expires_after_s"]) for each in told] == [
        ("login_code", False, 600),
        ("order_shipped", True, 0),
    ]
    assert all(each["allowed"] for each in Caller("notifications:send").get("types").json()["types"])
