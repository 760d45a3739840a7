"""Trees of conditions: who meets them, and what can't be written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import InvalidRequest
from preferences.models import DeliverySummary, Device, Segment, StaticList, StaticListMember, User
from preferences.segments import members, parse_condition, size
from preferences.segments.conditions import MAX_DEPTH, stored
from preferences.segments.walking import counted, first
from preferences.segments.words import in_words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

EVERYBODY = ["ann", "ben", "cleo", "dan"]


@pytest.fixture(autouse=True)
def _people() -> None:
    now = timezone.now()
    ann = User.objects.create(
        user_id="ann", locale="de-AT", email="a@example.com", attributes={"plan": "pro", "seats": 3, "vip": True}
    )
    ben = User.objects.create(
        user_id="ben",
        locale="de",
        phone="+4915112345678",
        last_active=now - timedelta(days=3),
        attributes={"seats": "9"},
    )
    cleo = User.objects.create(
        user_id="cleo", locale="en", last_active=now - timedelta(days=90), attributes={"plan": "free", "seats": 12}
    )
    User.objects.create(user_id="dan", time_zone="Europe/Vienna", attributes={"seats": "many", "plan": None})
    User.objects.create(user_id="gone", locale="de", erased_at=now, attributes={"plan": "pro"})
    Device.objects.create(user=cleo, token="t1", platform="fcm")
    Device.objects.create(user=ann, token="t2", platform="apns")
    Device.objects.filter(user=ann).update(registered_at=now - timedelta(days=40))
    early = StaticList.objects.create(name="early birds")
    StaticListMember.objects.bulk_create(StaticListMember(list=early, user=user) for user in (ann, ben))
    today = timezone.now().date()
    _delivered("ann", "spring_sale", "email", sent_on=today - timedelta(days=2), engaged_on=today)
    _delivered("ben", "spring_sale", "email", sent_on=today - timedelta(days=20), failed_on=today)
    _delivered("ben", "order_shipped", "push", sent_on=today)


def _delivered(user: str, type: str, channel: str, **days: date) -> None:
    DeliverySummary.objects.create(user=user, type=type, channel=channel, **days)


def who(condition: dict[str, Any]) -> list[str]:
    node = parse_condition(condition)
    found = [member.user_id for member in first(node, limit=100)]
    assert counted(node) == len(found)
    return found


def attribute(name: str, **parts: Any) -> dict[str, Any]:
    return {"kind": "attribute", "name": name, **parts}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (attribute("plan", value="pro"), ["ann"]),
        (attribute("vip", value=True), ["ann"]),
        (attribute("seats", value=3), ["ann"]),
        (attribute("seats", value="3"), ["ann"]),
        (attribute("seats", value=9), ["ben"]),
        (attribute("vip", value="true"), ["ann"]),
        (attribute("plan", op="one_of", values=["pro", "free"]), ["ann", "cleo"]),
        (attribute("plan", op="contains", value="RE"), ["cleo"]),
        (attribute("plan", op="begins", value="pr"), ["ann"]),
        (attribute("seats", op="at_least", value=9), ["ben", "cleo"]),
        (attribute("seats", op="at_most", value=9), ["ann", "ben"]),
        (attribute("vip", op="known"), ["ann"]),
        ({"kind": "active", "within_days": 30}, ["ben"]),
        ({"kind": "registered", "within_days": 1}, EVERYBODY),
        ({"kind": "locale", "any_of": ["de"]}, ["ann", "ben"]),
        ({"kind": "locale", "any_of": ["de-AT", "en"]}, ["ann", "cleo"]),
        ({"kind": "time_zone", "any_of": ["Europe/Vienna"]}, ["dan"]),
        ({"kind": "reachable", "channel": "sms"}, ["ben"]),
        ({"kind": "reachable", "channel": "push"}, ["ann", "cleo"]),
        ({"kind": "device"}, ["ann", "cleo"]),
        ({"kind": "device", "platform": "fcm"}, ["cleo"]),
        ({"kind": "device", "within_days": 30}, ["cleo"]),
        ({"kind": "list", "name": "early birds"}, ["ann", "ben"]),
        ({"kind": "delivery"}, ["ann", "ben"]),
        ({"kind": "delivery", "types": ["spring_sale"], "within_days": 7}, ["ann"]),
        ({"kind": "delivery", "channel": "push"}, ["ben"]),
        ({"kind": "delivery", "fact": "engaged"}, ["ann"]),
        ({"kind": "delivery", "fact": "failed", "types": ["spring_sale"]}, ["ben"]),
        ({"kind": "all", "of": []}, EVERYBODY),
        ({"kind": "any", "of": []}, []),
        ({"kind": "any", "of": [{"kind": "all"}, {"kind": "active", "within_days": 1}]}, EVERYBODY),
    ],
)
def test_each_kind_of_condition_and_its_negation_share_out_everybody(condition, expected):
    assert who(condition) == expected
    assert who({"kind": "not", "of": condition}) == [user for user in EVERYBODY if user not in expected]
    assert who({"kind": "not", "of": {"kind": "not", "of": condition}}) == expected


def test_conditions_nest():
    german_or_pushable = {
        "kind": "any",
        "of": [{"kind": "locale", "any_of": ["de"]}, {"kind": "device", "platform": "fcm"}],
    }
    asleep = {"kind": "not", "of": {"kind": "active", "within_days": 30}}
    paying = attribute("plan", op="one_of", values=["pro", "plus"])

    assert who({"kind": "all", "of": [german_or_pushable, asleep]}) == ["ann", "cleo"]
    assert who({"kind": "all", "of": [german_or_pushable, asleep, {"kind": "not", "of": paying}]}) == ["cleo"]


def test_a_segment_is_made_of_others_as_they_are_now():
    german = Segment.objects.create(name="german", condition={"locales": ["de"]})
    Segment.objects.create(name="rest", condition={"kind": "not", "of": {"kind": "segment", "name": "german"}})
    assert list(members("rest")) == ["cleo", "dan"]

    german.condition = {"locales": ["en"]}
    german.save()

    assert list(members("rest")) == ["ann", "ben", "dan"]
    assert size("rest") == 3


def test_a_segment_that_would_contain_itself_is_refused_with_the_way_round():
    Segment.objects.create(name="b", condition={"kind": "not", "of": {"kind": "segment", "name": "c"}})
    Segment.objects.create(name="c", condition={})
    c = Segment.objects.get(name="c")
    c.condition = {"kind": "all", "of": [{"kind": "segment", "name": "b"}]}

    with pytest.raises(ValidationError, match="c → b → c"):
        c.full_clean()


def test_segments_that_came_to_contain_each_other_behind_our_back_are_named_not_walked_for_ever():
    Segment.objects.create(name="b", condition={"kind": "segment", "name": "c"})
    Segment.objects.create(name="c", condition={"kind": "segment", "name": "b"})

    with pytest.raises(InvalidRequest, match="c → b → c"):
        size("b")


@pytest.mark.parametrize("kind", ["segment", "list"])
def test_what_a_condition_refers_to_must_be_there(kind):
    with pytest.raises(ValidationError, match="There is no"):
        Segment(name="some", condition={"kind": kind, "name": "nowhere"}).full_clean()


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"kind": "moon"}, "Invalid value 'moon'"),
        ({"kind": "active", "within_days": 0}, "number of days"),
        ({"kind": "active", "within_days": 10**12}, "number of days"),
        ({"kind": "locale", "any_of": []}, "lists no value"),
        (attribute("0", value=1), "not digits alone"),
        (attribute("seats", op="at_least", value="three"), "no number"),
        (attribute("seats", value=10**400), "too large"),
        (attribute("seats", value="9" * 5_000), "too long"),
        (attribute("plan"), "lacks a value"),
        (attribute("plan", value="a", also=1), "unknown field"),
        ({"kind": "all", "of": [{"kind": "active", "within_days": 1}] * 300}, "too many parts"),
    ],
)
def test_a_condition_that_cannot_hold_is_refused_in_words(condition, words):
    with pytest.raises(InvalidRequest, match=words):
        parse_condition(condition)


def test_a_condition_is_nested_only_so_deeply():
    condition: dict[str, Any] = {"kind": "device"}
    for _ in range(MAX_DEPTH):
        condition = {"kind": "not", "of": condition}

    with pytest.raises(InvalidRequest, match="nested too deeply"):
        parse_condition(condition)


@settings(max_examples=30)
@given(
    name=st.text(min_size=1, max_size=40),
    value=st.text(max_size=40) | st.sampled_from(["1e999", "1E310", "-0", "3e2", "2.5", "9" * 15]),
)
def test_no_text_of_a_form_becomes_sql(name, value):
    """Whatever stands in names and values, the query runs and finds nobody who hasn't exactly that."""
    for op in ("is", "contains", "begins"):
        try:
            node = parse_condition(attribute(name, op=op, value=value))
        except InvalidRequest:
            continue
        assert first(node, limit=10) == [] or name in ("plan", "seats", "vip")


def test_the_older_form_is_stored_anew_as_a_tree_that_means_the_same():
    old = {"locales": ["de"], "attributes": {"plan": "pro"}, "reachable_by": ["email"], "active_within_days": 30}
    tree = stored(parse_condition(old))

    assert tree["kind"] == "all"
    assert parse_condition(tree) == parse_condition(old)
    assert in_words(parse_condition(tree)) == (
        "reads de and can be reached by email and was active in the last 30 days and plan is pro"
    )
