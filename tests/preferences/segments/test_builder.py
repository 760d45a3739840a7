"""Building a segment in the admin, click by click: the form's fields are all there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from preferences.models import Segment, User
from preferences.segments import parse_condition
from preferences.segments.conditions import stored
from preferences.segments.drafts import Draft, condition, draft_of, read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

ADMIN = "/admin/preferences/segment/"


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user(f"staff{len(permissions)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def author() -> Client:
    return staff("add_segment", "change_segment", "view_segment", "delete_segment")


def german_who_pay(**more: str) -> dict[str, str]:
    return {
        "c.kind": "group",
        "c.join": "all",
        "c-0.kind": "locale",
        "c-0.values": "de, de-AT",
        "c-1.kind": "group",
        "c-1.join": "any",
        "c-1.negated": "1",
        "c-1-0.kind": "attribute",
        "c-1-0.name": "plan",
        "c-1-0.op": "is",
        "c-1-0.value": "free",
    } | more


def shown_fields(html: str) -> dict[str, str]:
    """What the browser would send of a drawn builder."""
    fields = dict(re.findall(r'<input [^>]*name="(c[^"]*)"[^>]* value="([^"]*)"', html))
    for name, options in re.findall(r'<select name="(c[^"]*)".*?>(.*?)</select>', html, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_what_is_drawn_says_the_same_again():
    """Whatever can be stored can be opened, and is saved again as it was."""
    for value in (
        {"kind": "attribute", "name": "seats", "op": "one_of", "values": [3, "3", True]},
        {"kind": "not", "of": {"kind": "any", "of": [{"kind": "device", "platform": "fcm", "within_days": 3}]}},
        {"kind": "delivery", "fact": "engaged", "types": ["a", "b"], "channel": "push", "within_days": 7},
        {"kind": "all", "of": [{"kind": "reachable", "channel": "sms"}, {"kind": "registered", "within_days": 5}]},
        {"locales": ["de"], "attributes": {"plan": "yes"}},
    ):
        node = parse_condition(value)
        again = condition(draft_of(node))
        assert condition(draft_of(again)) == again
        assert stored(again)["kind"] in ("all", "any", "not")
        inner = again.of[0] if len(getattr(again, "of", ())) == 1 and stored(node)["kind"] != "all" else again
        assert inner == node or again == node


def test_a_segment_is_built_click_by_click_and_saved(author):
    User.objects.create(user_id="ann", locale="de-AT", attributes={"plan": "pro"})
    fields = {"c.kind": "group", "c.join": "all", "c.negated": ""}
    for act in ("add:c", "group:c"):
        fields = shown_fields(author.post(f"{ADMIN}build/", {**fields, "act": act}).content.decode())
    assert fields["c-0.kind"] == fields["c-1-0.kind"] == "attribute"

    fields = shown_fields(author.post(f"{ADMIN}build/", {**fields, **german_who_pay()}).content.decode())
    answer = author.post(f"{ADMIN}add/", {"name": "paying", "description": "", **fields})

    assert answer.status_code == 302, answer.content.decode()
    not_free = {"kind": "attribute", "name": "plan", "value": "free"}
    assert Segment.objects.get(name="paying").condition == {
        "kind": "all",
        "of": [
            {"kind": "locale", "any_of": ["de", "de-AT"]},
            {"kind": "not", "of": {"kind": "any", "of": [not_free]}},
        ],
    }
    assert author.get(f"{ADMIN}{Segment.objects.get(name='paying').pk}/change/").status_code == 200


def test_count_and_sample_come_at_once_and_hide_addresses(author):
    User.objects.create(user_id="ann", locale="de-AT", email="ann@example.com")
    User.objects.create(user_id="ben", locale="en", email="ben@example.com")

    page = author.post(f"{ADMIN}preview/", german_who_pay()).content.decode()
    count = author.post(f"{ADMIN}count/", german_who_pay()).content.decode()

    assert "reads de or de-AT and not plan is free" in page
    assert "a…@e….com" in page
    assert "ann@example.com" not in page
    assert "ben" not in page
    assert count == "<strong>1</strong> user now"


def test_with_the_permission_addresses_are_shown(author):
    User.objects.create(user_id="ann", locale="de", email="ann@example.com")
    seeing = staff("view_segment", "see_addresses")

    assert "ann@example.com" in seeing.post(f"{ADMIN}preview/", german_who_pay()).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"c-0.values": ""}, "lists no value"),
        ({"c-1-0.name": ""}, "Name the attribute"),
        ({"c-1-0.kind": "active"}, "say how many days"),
        ({"c-1-0.kind": "segment", "c-1-0.name": ""}, "Choose a segment"),
        ({"c-1-0.kind": "segment", "c-1-0.name": "nowhere"}, "There is no segment"),
    ],
)
def test_a_blank_is_named_in_the_preview_and_refused_when_saved(author, fields: dict[str, Any], words):
    given = german_who_pay(**fields)

    assert words in author.post(f"{ADMIN}preview/", given).content.decode()
    assert words in author.post(f"{ADMIN}add/", {"name": "some", **given}).content.decode()
    assert not Segment.objects.filter(name="some").exists()


def test_a_part_is_removed_with_all_below_it():
    from preferences.segments.drafts import changed

    draft = changed(read(german_who_pay()), "remove:c-1")

    assert [part.kind for part in draft.of] == ["locale"]
    assert changed(read(german_who_pay()), "remove:c-7") == read(german_who_pay())
    assert changed(Draft(), "add:c-3-4") == Draft()


def test_who_may_only_look_can_neither_build_nor_save():
    Segment.objects.create(name="some", condition={"locales": ["de"]})
    reader = staff("view_segment")
    key = Segment.objects.get(name="some").pk

    assert "reads de" in reader.get(f"{ADMIN}{key}/change/").content.decode()
    assert reader.post(f"{ADMIN}{key}/change/", german_who_pay()).status_code == 403
    assert staff().post(f"{ADMIN}preview/", german_who_pay()).status_code in (302, 403)


def test_a_segment_others_are_made_of_keeps_its_name_and_stays(author):
    Segment.objects.create(name="inner", condition={"locales": ["de"]})
    Segment.objects.create(name="outer", condition={"kind": "segment", "name": "inner"})
    inner = Segment.objects.get(name="inner")

    assert "outer" in author.get(f"{ADMIN}{inner.pk}/change/").content.decode()
    assert author.post(f"{ADMIN}{inner.pk}/delete/", {"post": "yes"}).status_code == 403
    author.post(f"{ADMIN}{inner.pk}/change/", {"name": "other", **german_who_pay()})
    assert Segment.objects.get(pk=inner.pk).name == "inner"
