"""What a broadcast knows of its users is what everybody's routing knows of them."""

from __future__ import annotations

import pytest

from preferences import profile_rows, profiles_by_key
from preferences.models import Device, InvalidAddress, PreferenceRow, Suppression, User

pytestmark = pytest.mark.django_db


def test_the_same_profiles_as_by_user_id():
    ann = User.objects.create(
        user_id="ann",
        email="ann@example.com",
        phone="+4915112345678",
        time_zone="Europe/Berlin",
        quiet_hours={"start": "22:00", "end": "07:00"},
    )
    bob = User.objects.create(user_id="bob", email="bob@example.com", locale="de")
    Device.objects.create(user=ann, token="t1", platform="apns")
    Device.objects.create(user=ann, token="t2", platform="fcm")
    PreferenceRow.objects.create(user=bob, scope="news", channel="email", enabled=False)
    InvalidAddress.objects.create(user=ann, channel="sms", address="+4915112345678")
    Suppression.objects.create(address="bob@example.com", channel="email", reason="bounce")
    found = profiles_by_key.load([ann.pk, bob.pk, 999_999], ("in_app", "push", "email", "sms"))
    assert found == profile_rows.load(["ann", "bob"])


def test_in_app_alone_asks_for_the_users_alone(django_assert_num_queries):
    keys = [User.objects.create(user_id=f"u{number}", email="a@example.com").pk for number in range(3)]
    with django_assert_num_queries(1):
        assert set(profiles_by_key.load(keys, ("in_app",))) == {"u0", "u1", "u2"}
