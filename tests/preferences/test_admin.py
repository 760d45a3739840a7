"""The admin: lists that can be searched, forms with the API's checks, and a cache that hears of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from preferences.models import Device, PreferenceRow, Suppression, User
from preferences.profiles import profiles

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    return client


@pytest.fixture
def ann() -> User:
    user = User.objects.create(
        user_id="usr_ann", email="ann@example.com", quiet_hours={"start": "22:00", "end": "07:00"}
    )
    Device.objects.create(user=user, token="token-1", platform="fcm", name="Phone")
    PreferenceRow.objects.create(user=user, scope="promotions", channel="email", enabled=False)
    return user


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    device, row = user.devices.get(), user.preference_rows.get()
    return {
        "email": user.email,
        "phone": "",
        "locale": "",
        "time_zone": "Europe/Berlin",
        "quiet_hours": '{"start": "23:00", "end": "06:00"}',
        "attributes": "{}",
        "last_active_0": "",
        "last_active_1": "",
        "erased_at_0": "",
        "erased_at_1": "",
        "devices-TOTAL_FORMS": 1,
        "devices-INITIAL_FORMS": 1,
        "devices-0-id": device.pk,
        "devices-0-user": user.pk,
        "devices-0-platform": device.platform,
        "devices-0-token": device.token,
        "devices-0-name": device.name,
        "preference_rows-TOTAL_FORMS": 1,
        "preference_rows-INITIAL_FORMS": 1,
        "preference_rows-0-id": row.pk,
        "preference_rows-0-user": user.pk,
        "preference_rows-0-scope": row.scope,
        "preference_rows-0-channel": row.channel,
        "preference_rows-0-enabled": "on" if row.enabled else "",
        "invalid_addresses-TOTAL_FORMS": 0,
        "invalid_addresses-INITIAL_FORMS": 0,
        **changes,
    }


@pytest.mark.parametrize("model", ["user", "suppression", "segment"])
@pytest.mark.parametrize("page", ["", "add/", "?q=ann"])
def test_pages_open_empty_and_filled(staff, ann, model, page):
    assert staff.get(f"/admin/preferences/{model}/{page}").status_code == 200
    Suppression.objects.create(address="ann@example.com", channel="email", reason="bounce")
    assert staff.get(f"/admin/preferences/{model}/{page}").status_code == 200


def test_a_user_is_found_by_token_and_shown_with_devices_and_preferences(staff, ann):
    assert "usr_ann" in staff.get("/admin/preferences/user/?q=token-1").content.decode()

    page = staff.get(f"/admin/preferences/user/{ann.pk}/change/").content.decode()
    assert "token-1" in page
    assert "promotions" in page


def test_what_staff_change_is_in_force_at_once(staff, ann):
    profiles(["usr_ann"])
    profiles(["usr_ann"])

    answer = staff.post(
        f"/admin/preferences/user/{ann.pk}/change/", form_of(ann, **{"preference_rows-0-enabled": "on"})
    )

    assert answer.status_code == 302
    profile = profiles(["usr_ann"])["usr_ann"]
    assert profile.preferences[0].enabled
    assert (profile.quiet_hours.start, profile.quiet_hours.days) == ("23:00", (1, 2, 3, 4, 5, 6, 7))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_zone": "Europe/Berlinn"}, "Did you mean Europe/Berlin"),
        ({"phone": "123"}, "country code"),
        ({"quiet_hours": '{"start": "25:00", "end": "06:00"}'}, "time of day"),
        ({"quiet_hours": "[1]"}, "Expected"),
    ],
)
def test_a_form_refuses_what_the_api_refuses(staff, ann, changes, words):
    answer = staff.post(f"/admin/preferences/user/{ann.pk}/change/", form_of(ann, **changes))

    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_a_suppressed_address_is_stored_as_it_is_compared(staff, ann):
    form = {"address": "ANN@example.com", "channel": "email", "reason": "manual"}

    assert staff.post("/admin/preferences/suppression/add/", form).status_code == 302
    assert profiles(["usr_ann"])["usr_ann"].suppressed == {"ann@example.com"}
