"""`PUT /users/{id}` and devices (contract §2)."""

from __future__ import annotations

import pytest

from preferences.addresses import invalidate_address
from preferences.contact_points import device_id_of
from preferences.models import User
from preferences.profiles import narrow, profiles
from preferences.registry import MAX_DEVICES
from tests.preferences.conftest import Api

ANN = {
    "email": "Ann@Example.com",
    "phone": "+49 151 12345678",
    "locale": "de_at",
    "time_zone": "Europe/Vienna",
    "quiet_hours": {"start": "22:00", "end": "07:00", "days": [5, 1, 5]},
    "attributes": {"plan": "pro"},
}


def test_a_user_is_registered_and_read_back(api):
    status, body = api.put("users/usr_1", ANN)

    assert status == 201
    assert body == {
        "user_id": "usr_1",
        "email": "ann@example.com",
        "phone": "+4915112345678",
        "locale": "de-AT",
        "time_zone": "Europe/Vienna",
        "quiet_hours": {"start": "22:00", "end": "07:00", "days": [1, 5]},
        "attributes": {"plan": "pro"},
        "last_active": None,
        "invalid_addresses": [],
    }
    assert api.get("users/usr_1") == (200, body)


def test_what_is_left_out_stays_and_null_clears(api):
    api.put("users/usr_1", ANN)
    status, body = api.put("users/usr_1", {"email": None, "quiet_hours": None, "time_zone": None})

    assert status == 200
    assert (body["email"], body["quiet_hours"], body["time_zone"]) == (None, None, "UTC")
    assert body["phone"] == "+4915112345678"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ann"}, "email"),
        ({"email": "a@b.c\r\nBcc: x@y.z"}, "email"),
        ({"phone": "015112345678"}, "phone"),
        ({"phone": "+49"}, "phone"),
        ({"time_zone": "Europe/Berlinn"}, "time_zone"),
        ({"locale": "klingon"}, "locale"),
        ({"quiet_hours": {"start": "25:00", "end": "07:00"}}, "quiet_hours.start"),
        ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "22:00", "end": "07:00", "days": [0]}}, "quiet_hours.days"),
        ({"quiet_hours": {"start": "22:00"}}, "quiet_hours.end"),
        ({"nickname": "A"}, "nickname"),
        ({"email": 5}, "email"),
        ({"attributes": {"x": "y" * 9000}}, "attributes"),
        ({"last_active": "2026-01-05T12:00:00"}, "last_active"),
    ],
)
def test_bad_values_are_refused_by_name_with_a_remedy(api, body, field):
    status, problem = api.put("users/usr_1", body)

    assert (status, problem["field"]) == (400, field)
    assert problem["remedy"]
    assert not User.objects.exists()


def test_a_time_zone_that_is_nearly_right_is_named(api):
    _, problem = api.put("users/usr_1", {"time_zone": "Europe/Berlinn"})

    assert "Europe/Berlin" in problem["remedy"]


def test_devices_are_put_listed_and_deleted(api):
    status, device = api.put("users/usr_1/devices", {"token": "token-1", "platform": "fcm", "name": "Phone"})

    assert (status, device["id"]) == (201, device_id_of("token-1"))
    assert api.put("users/usr_1/devices", {"token": "token-1", "platform": "fcm"})[0] == 200
    assert [each["token"] for each in api.get("users/usr_1/devices")[1]["devices"]] == ["token-1"]
    assert api.delete(f"users/usr_1/devices/{device['id']}") == (204, None)
    assert api.delete(f"users/usr_1/devices/{device['id']}")[0] == 404
    assert api.get("users/usr_1/devices") == (200, {"devices": []})


def test_a_token_registered_for_another_user_moves(api):
    api.put("users/usr_1/devices", {"token": "token-1", "platform": "fcm"})
    profiles(["usr_1", "usr_2"])
    profiles(["usr_1", "usr_2"])

    assert api.put("users/usr_2/devices", {"token": "token-1", "platform": "fcm"})[0] == 201

    known = profiles(["usr_1", "usr_2"])
    assert known["usr_1"].devices == ()
    assert [device.token for device in known["usr_2"].devices] == ["token-1"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"token": "", "platform": "fcm"}, "token"),
        ({"token": "t", "platform": "pager"}, "platform"),
        ({"platform": "fcm"}, "token"),
    ],
)
def test_bad_devices(api, body, field):
    status, problem = api.put("users/usr_1/devices", body)

    assert (status, problem["field"]) == (400, field)


def test_of_too_many_devices_the_oldest_go(api):
    for number in range(MAX_DEVICES + 2):
        api.put("users/usr_1/devices", {"token": f"token-{number}", "platform": "fcm"})

    tokens = [each["token"] for each in api.get("users/usr_1/devices")[1]["devices"]]
    assert len(tokens) == MAX_DEVICES
    assert tokens[-1] == f"token-{MAX_DEVICES + 1}"
    assert "token-0" not in tokens


def test_another_address_forgets_that_the_former_was_dead(api):
    api.put("users/usr_1", ANN)
    invalidate_address("usr_1", "email", "ann@example.com")
    assert api.put("users/usr_1", {"email": "ann@example.com"})[1]["invalid_addresses"] == ["ann@example.com"]

    assert api.put("users/usr_1", {"email": "new@example.com"})[1]["invalid_addresses"] == []


def test_an_answer_means_the_cache_is_told(api):
    api.put("users/usr_1", ANN)
    profiles(["usr_1"])
    profiles(["usr_1"])
    assert "usr_1" in narrow(["usr_1"])

    api.put("users/usr_1", {"email": "new@example.com"})

    assert profiles(["usr_1"])["usr_1"].email == "new@example.com"


def test_who_may(api, api_of):
    assert Api(None).get("users/usr_1")[0] == 401
    assert api_of("usr_1").put("users/usr_1", {"locale": "en"})[0] == 201
    assert api_of("usr_2").get("users/usr_1")[0] == 403
    assert api.get("users/nobody")[0] == 404


def test_user_ids_are_checked(api):
    assert api.put(f"users/{'x' * 129}", {})[1]["field"] == "user_id"
    assert api.put("users/a%01b", {})[0] == 400
