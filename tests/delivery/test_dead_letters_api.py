"""GET /dead_letters and /dead_letters/groups, for command lines: pages, filters, bad input, who may."""

from __future__ import annotations

import pytest

from delivery import dead_letters
from tests.delivery.conftest import DATABASES
from tests.delivery.test_dead_letters import parked
from tests.notifications.api.calling import Caller, assert_problem

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


@pytest.fixture
def operator() -> Caller:
    return Caller("operate")


def test_they_come_page_by_page_each_once(operator):
    ids = [parked().recipients[0].id for _ in range(5)]
    found, path = [], "dead_letters?limit=2"
    for _ in range(3):
        page = operator.get(path).json()
        found += [letter["notification_id"] for letter in page["dead_letters"]]
        path = f"dead_letters?limit=2&cursor={page['cursor']}"
    assert page["cursor"] is None
    assert sorted(found) == sorted(ids)


def test_they_say_why(operator):
    parked("permanent_message")
    (letter,) = operator.get("dead_letters?error=permanent_message").json()["dead_letters"]
    assert (letter["reason"], letter["error"], letter["channel"]) == ("permanent", "permanent_message", "email")
    assert letter["state"] == "parked"
    assert letter["last_at"].endswith("Z")


def test_filters_narrow(operator):
    parked()
    parked("permanent_message", channel="sms")
    assert [each["channel"] for each in operator.get("dead_letters?channel=sms").json()["dead_letters"]] == ["sms"]
    dead_letters.drop(dead_letters.find(channel="sms"))
    assert operator.get("dead_letters?channel=sms").json()["dead_letters"] == []
    assert len(operator.get("dead_letters?channel=sms&state=dropped").json()["dead_letters"]) == 1


def test_groups_count_the_most_first(operator):
    parked()
    parked("permanent_message", channel="sms")
    parked("permanent_message", type="welcome")
    told = operator.get("dead_letters/groups").json()
    assert told["by"] == "error"
    assert [(group["value"], group["count"]) for group in told["groups"]] == [
        ("permanent_message", 2),
        ("transient", 1),
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [("by=user", "by"), ("channel=fax", "channel"), ("state=lost", "state"), ("limit=5", "limit")],
)
def test_bad_questions_about_groups_are_named(operator, query, field):
    assert_problem(operator.get(f"dead_letters/groups?{query}"), 400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=²", "limit")),
        *(
            ("cursor=x", "cursor"),
            ("cursor=5~", "cursor"),
            (f"cursor={'9' * 40}~a", "cursor"),
            ("colour=red", "colour"),
        ),
    ],
)
def test_bad_questions_are_named(operator, query, field):
    assert_problem(operator.get(f"dead_letters?{query}"), 400, field)


@pytest.mark.parametrize("path", ["dead_letters", "dead_letters/groups"])
def test_only_operators_see_them(path):
    assert_problem(Caller("notifications:read").get(path), 403)
