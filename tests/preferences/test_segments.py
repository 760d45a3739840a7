"""Segments: a condition, one query, a stream of user ids."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from foundation.errors import NotFound
from preferences.models import Device, Segment, User
from preferences.segments import members, page, size

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture(autouse=True)
def _people() -> None:
    now = timezone.now()
    User.objects.create(user_id="ann", locale="de-AT", email="a@example.com", attributes={"plan": "pro", "seats": 3})
    User.objects.create(user_id="ben", locale="de", phone="+4915112345678", last_active=now - timedelta(days=3))
    User.objects.create(user_id="cleo", locale="en", last_active=now - timedelta(days=90), attributes={"plan": "free"})
    User.objects.create(user_id="gone", locale="de", erased_at=now, attributes={"plan": "pro"})
    Device.objects.create(user=User.objects.get(user_id="cleo"), token="t1", platform="fcm")
    Device.objects.create(user=User.objects.get(user_id="cleo"), token="t2", platform="apns")


def test_all_active_users_is_there_and_leaves_out_the_erased():
    assert list(members("all_active_users")) == ["ann", "ben", "cleo"]
    assert size("all_active_users") == 3


def test_a_segment_is_walked_page_by_page_and_resumed_behind_a_key():
    first = page("all_active_users", after=0, limit=2)
    rest = page("all_active_users", after=first[-1].key, limit=2)
    assert [member.user_id for member in (*first, *rest)] == ["ann", "ben", "cleo"]
    assert page("all_active_users", after=rest[-1].key, limit=2) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"locales": ["de"]}, ["ann", "ben"]),
        ({"locales": ["de-AT", "en"]}, ["ann", "cleo"]),
        ({"reachable_by": ["push"]}, ["cleo"]),
        ({"reachable_by": ["email"]}, ["ann"]),
        ({"reachable_by": ["sms"], "locales": ["en"]}, []),
        ({"active_within_days": 30}, ["ben"]),
        ({"attributes": {"plan": "pro"}}, ["ann"]),
        ({"attributes": {"plan": "pro", "seats": 3}}, ["ann"]),
        ({"attributes": {"plan": "pro", "seats": 4}}, []),
        ({"time_zones": ["UTC"]}, ["ann", "ben", "cleo"]),
    ],
)
def test_conditions(condition, expected):
    Segment.objects.create(name="some", condition=condition)

    assert list(members("some")) == expected


def test_an_unknown_segment_names_near_matches():
    with pytest.raises(NotFound) as caught:
        members("all_activ_users")

    assert "all_active_users" in caught.value.remedy


@pytest.mark.parametrize(
    "condition", [{"locale": ["de"]}, {"reachable_by": ["fax"]}, ["de"], {"attributes": {"a": [1]}}]
)
def test_a_condition_that_cannot_be_read_is_refused_when_it_is_written(condition):
    with pytest.raises(ValidationError):
        Segment(name="some", condition=condition).full_clean()
