"""The audit trail: what staff change in every room, without addresses or secrets; filtered, and safe as a file."""

from __future__ import annotations

import csv
import io

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User as Staff
from django.test import Client

from notifications.models import ServiceToken
from preferences.models import User
from tests.delivery.conftest import DATABASES
from tests.delivery.test_roles import somebody

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]
TRAIL = "/admin/auditlog/logentry/"


@pytest.fixture
def admin() -> Client:
    return somebody("admin")


def exported(client: Client, address: str = f"{TRAIL}csv/", **headers) -> list[list[str]]:
    raw = b"".join(client.get(address, **headers).streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(raw, newline="")))


def test_a_change_is_told_with_who_what_and_from_what_to_what(admin):
    admin.post("/admin/preferences/segment/add/", {"name": "germans", "description": "", "condition": "{}"})
    page = admin.get(TRAIL).content.decode()
    assert "germans" in page
    entry = LogEntry.objects.get(object_repr="germans")
    assert (entry.actor.username, entry.get_action_display()) == ("admin", "create")


def test_an_address_never_stands_in_it(admin):
    user = User.objects.create(user_id="usr_1", email="ann@example.com", phone="+4915112345678")
    user.email = "bea@example.com"
    user.save()
    told = " ".join(str(entry.changes) for entry in LogEntry.objects.all())
    assert "email" in told
    assert not any(word in told for word in ("ann@example.com", "bea@example.com", "4915112345678"))


def test_a_tokens_digest_and_a_password_never_stand_in_it(admin):
    form = {"name": "shop", "kind": "service", "scopes": ["notifications:send"], "rate": "0"}
    admin.post("/admin/notifications/servicetoken/add/", {**form, "expires_at_0": "", "expires_at_1": ""})
    bob = Staff.objects.create_user("bob", password="secret")
    token = ServiceToken.objects.get()
    told = " ".join(str(entry.changes) for entry in LogEntry.objects.all())
    assert "shop" in told
    assert token.digest not in told
    assert bob.password not in told


def test_it_is_exported_as_it_is_filtered_and_no_cell_is_run(admin):
    admin.post("/admin/preferences/segment/add/", {"name": "=HYPERLINK(1)", "description": "", "condition": "{}"})
    header, *rows = exported(admin)
    assert header[:3] == ["when", "who", "did"]
    assert "'=HYPERLINK(1)" in {cell for row in rows for cell in row}
    assert exported(admin, f"{TRAIL}csv/?action=2")[1:] == []
    assert exported(admin, HTTP_REFERER=f"http://testserver{TRAIL}?action=2")[1:] == []


def test_nobody_changes_it(admin):
    Staff.objects.create_user("bob")
    entry = LogEntry.objects.first()
    assert admin.get(f"{TRAIL}{entry.pk}/delete/").status_code == 403
    assert admin.post(f"{TRAIL}{entry.pk}/change/", {}).status_code == 403
    assert "bob" in admin.get(f"{TRAIL}{entry.pk}/change/").content.decode()


def test_what_a_client_says_of_its_address_is_not_believed(admin):
    made = {"name": "x", "description": "", "condition": "{}"}
    admin.post("/admin/preferences/segment/add/", made, HTTP_X_FORWARDED_FOR="6.6.6.6", REMOTE_ADDR="127.0.0.1")
    assert LogEntry.objects.get(object_repr="x").remote_addr == "127.0.0.1"
