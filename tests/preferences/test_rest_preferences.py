"""`GET`/`PUT /users/{id}/preferences` (brief, contract §2)."""

from __future__ import annotations

from typing import Any

import pytest

from preferences.decide import decide
from preferences.models import PreferenceRow
from preferences.profiles import profiles
from tests.preferences.factories import question

pytestmark = pytest.mark.usefixtures("types")
PATH = "users/usr_42/preferences"
BRIEF = {
    "preferences": [
        {"type": "order_updates", "channel": "push", "enabled": True},
        {"type": "promotions", "channel": "email", "enabled": False},
        {"type": "promotions", "channel": "push", "enabled": False},
    ]
}


def cells(body: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(cell["type"], cell["channel"]): cell for cell in body["preferences"]}


def test_the_briefs_body(api):
    status, body = api.put(PATH, BRIEF)

    assert status == 200
    assert body["user_id"] == "usr_42"
    matrix = cells(body)
    assert matrix["order_updates", "push"]["enabled"] is True
    assert matrix["promotions", "email"]["enabled"] is False
    assert matrix["spring_sale", "email"] == {
        "type": "spring_sale",
        "kind": "type",
        "category": "promotions",
        "channel": "email",
        "enabled": False,
        "why": "opted_out",
        "detail": "The user turned email off for all of promotions.",
        "locked": False,
        "offered": True,
        "set_by": {"type": "promotions", "channel": "email"},
    }
    assert api.get(PATH) == (200, body)


def test_the_answer_is_the_whole_matrix_of_a_user_nobody_registered_too(api):
    status, body = api.get("users/usr_new/preferences")

    assert status == 200
    assert len(body["preferences"]) == (1 + 3 + 4) * 4
    matrix = cells(body)
    assert (matrix["*", "push"]["enabled"], matrix["*", "push"]["why"]) == (True, "default")
    assert (matrix["*", "sms"]["enabled"], matrix["*", "sms"]["why"]) == (False, "not_opted_in")
    assert (matrix["*", "in_app"]["locked"], matrix["*", "in_app"]["why"]) == (True, "in_app_always_on")
    assert (matrix["login_code", "sms"]["enabled"], matrix["login_code", "sms"]["why"]) == (True, "mandatory")
    assert matrix["order_delayed", "email"]["offered"] is False


def test_cells_that_are_not_listed_stay(api):
    api.put(PATH, BRIEF)
    _, body = api.put(PATH, {"preferences": [{"type": "*", "channel": "sms", "enabled": True}]})

    assert cells(body)["promotions", "push"]["enabled"] is False
    assert cells(body)["order_shipped", "sms"]["enabled"] is True
    assert PreferenceRow.objects.count() == 4


def test_a_cell_set_again_is_one_row(api):
    for enabled in (False, True, False):
        api.put(PATH, {"preferences": [{"type": "*", "channel": "push", "enabled": enabled}]})

    assert PreferenceRow.objects.get().enabled is False


@pytest.mark.parametrize(
    ("cell", "field", "remedy"),
    [
        ({"type": "order_update", "channel": "push", "enabled": True}, "type", "order_updates"),
        ({"type": "order_updates", "channel": "pusch", "enabled": True}, "channel", "push"),
        ({"type": "wholly_else", "channel": "push", "enabled": True}, "type", "lists types and categories"),
    ],
)
def test_an_unknown_name_is_refused_with_near_matches(api, cell, field, remedy):
    status, body = api.put(PATH, {"preferences": [BRIEF["preferences"][1], cell]})

    assert (status, body["field"]) == (400, f"preferences[1].{field}")
    assert remedy in body["remedy"]
    assert not PreferenceRow.objects.exists()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ({"type": "login_code", "channel": "sms", "enabled": False}, "mandatory"),
        ({"type": "security", "channel": "email", "enabled": False}, "mandatory"),
        ({"type": "security", "channel": "*", "enabled": False}, "mandatory"),
        ({"type": "order_shipped", "channel": "in_app", "enabled": False}, "in_app_always_on"),
        ({"type": "*", "channel": "in_app", "enabled": False}, "in_app_always_on"),
    ],
)
def test_turning_off_what_cannot_be_is_a_conflict_and_writes_nothing(api, cell, code):
    status, body = api.put(PATH, {"preferences": [BRIEF["preferences"][1], cell]})

    assert (status, body["code"], body["field"]) == (409, code, "preferences[1]")
    assert not PreferenceRow.objects.exists()


def test_everything_off_leaves_on_what_cannot_be_turned_off(api):
    status, body = api.put(PATH, {"preferences": [{"type": "*", "channel": "*", "enabled": False}]})

    on = {key for key, cell in cells(body).items() if cell["enabled"]}
    assert status == 200
    assert on == {key for key, cell in cells(body).items() if cell["locked"]}
    assert ("login_code", "email") in on
    assert ("spring_sale", "push") not in on


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"preferences": {}},
        {"preferences": [{"type": "*", "channel": "push"}]},
        {"preferences": [{"type": "*", "channel": "push", "enabled": "yes"}]},
        {"preferences": [{"type": "*", "channel": "push", "enabled": True, "color": 1}]},
        {"preferences": [{"type": "*", "channel": "push", "enabled": value} for value in (True, False)]},
        {"preferences": [{"type": "*", "channel": "push", "enabled": True}] * 1001},
    ],
)
def test_malformed_bodies_name_the_field(api, body):
    status, problem = api.put(PATH, body)

    assert status == 400
    assert problem["field"].startswith("preferences")


def test_what_is_shown_is_what_is_done(api, types):
    """The matrix and `decide` agree for every type on every channel it offers."""
    _, body = api.put(PATH, {"preferences": [*BRIEF["preferences"], {"type": "*", "channel": "sms", "enabled": True}]})
    api.put("users/usr_42", {"email": "a@example.com", "phone": "+4915112345678"})
    api.put("users/usr_42/devices", {"token": "t", "platform": "fcm"})
    profile = profiles(["usr_42"])["usr_42"]

    for facts in types:
        for verdict in decide(question(), facts, profile):
            shown = cells(body)[facts.name, verdict.channel]
            assert (verdict.verdict == "send") == shown["enabled"]


def test_a_users_own_token_reaches_its_own_preferences_only(api_of):
    assert api_of("usr_42").put(PATH, BRIEF)[0] == 200
    assert api_of("usr_43").put(PATH, BRIEF)[0] == 403
    assert api_of("usr_43").get(PATH)[0] == 403
