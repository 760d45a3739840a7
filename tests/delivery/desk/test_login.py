"""Logging in: bounded tries, the second step, roles that must have it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User as Staff
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]
LOGIN, SETUP = "/admin/login/", "/admin/auth/user/second-step/"


@pytest.fixture
def ann() -> Staff:
    return Staff.objects.create_superuser("ann", "ann@example.com", "right")


def try_to(client: Client, password: str, code: str = "", **more) -> int:
    return client.post(LOGIN, {"username": "ann", "password": password, "otp_token": code}, **more).status_code


def code_of(device: TOTPDevice) -> str:
    return f"{TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift).token():06d}"


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_after_too_many_failures_even_the_right_password_waits(ann, settings):
    settings.AXES_FAILURE_LIMIT = 3
    client = Client()
    assert [try_to(client, "wrong") for _ in range(3)] == [200, 200, 429]
    assert try_to(client, "right") == 429
    assert not is_in(client)


def test_who_guesses_locks_out_nobody_elsewhere(ann, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(3):
        try_to(Client(), "wrong", REMOTE_ADDR="203.0.113.9")
    client = Client()
    assert try_to(client, "right", REMOTE_ADDR="198.51.100.7") == 302
    assert is_in(client)


def test_the_second_step_is_set_up_with_a_local_picture_and_then_asked_for(ann):
    client = Client()
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(SETUP).content.decode()
    assert "<svg" in page
    assert not re.search(r'(src|href)="https?://', page)
    device = TOTPDevice.objects.get(user=ann, confirmed=False)
    assert try_to(Client(), "right") == 302, "not asked for before it is confirmed"
    client.post(SETUP, {"code": "000000"})
    assert not TOTPDevice.objects.get().confirmed
    TOTPDevice.objects.update(throttling_failure_count=0)
    client.post(SETUP, {"code": code_of(device)})
    assert TOTPDevice.objects.get().confirmed

    TOTPDevice.objects.update(last_t=-1)
    fresh = Client()
    assert try_to(fresh, "right") == 200
    assert not is_in(fresh)
    assert try_to(fresh, "right", code_of(device)) == 302
    assert is_in(fresh)


def test_a_wrong_code_logs_nobody_in_and_makes_the_next_try_wait(ann):
    device = TOTPDevice.objects.create(user=ann, confirmed=True)
    client = Client()
    try_to(client, "right", "000000")
    assert not is_in(client)
    assert TOTPDevice.objects.get().throttling_failure_count == 1
    TOTPDevice.objects.update(throttling_failure_count=12)  # each doubles the wait: an hour and more by now
    try_to(client, "right", code_of(device))
    assert not is_in(client)


def test_a_role_that_must_have_it_gets_nowhere_else_before(settings):
    settings.TOTP_REQUIRED_ROLES = frozenset({"operator"})
    operator, support = somebody("operator"), somebody("support")
    assert operator.get("/admin/delivery/control/")["Location"] == SETUP
    assert operator.get("/admin/")["Location"] == SETUP
    assert operator.get(SETUP).status_code == 200
    assert support.get("/admin/").status_code == 200
    device = TOTPDevice.objects.get(user__username="operator")
    operator.post(SETUP, {"code": code_of(device)})
    assert operator.get("/admin/delivery/control/").status_code == 200


def test_an_admin_resets_it_for_who_lost_their_phone_and_that_is_noted(ann):
    from auditlog.models import LogEntry

    bob = Staff.objects.create(username="bob", is_staff=True)
    TOTPDevice.objects.create(user=bob, confirmed=True)
    client = Client()
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/admin/auth/user/", {"action": "reset_second_step", "_selected_action": [bob.pk]})
    assert not TOTPDevice.objects.exists()
    assert "reset the second step" in str(LogEntry.objects.filter(object_pk=str(bob.pk)).first().additional_data)


def test_nobody_sees_the_secret_of_a_device_that_is_set_up(ann):
    device = TOTPDevice.objects.create(user=ann, confirmed=True)
    client = Client()
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    assert device.key not in client.get(SETUP).content.decode()
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404
