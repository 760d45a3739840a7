"""The suppression list in the admin: who did it, and why, is kept."""

from __future__ import annotations

import io
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from preferences.models import Suppression
from preferences.suppression import Entry, add
from tests.preferences.test_suppression import ANN, history
from tests.preferences.test_suppression_file import CSV

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    return client


def test_staff_add_with_a_note_and_take_off_with_a_reason(staff):
    form = {**ANN, "reason": "manual", "note": "asked by phone"}
    assert staff.post("/admin/preferences/suppression/add/", form).status_code == 302
    row = Suppression.objects.get()
    chosen = {"action": "take_off", "_selected_action": [row.pk]}
    asked = staff.post("/admin/preferences/suppression/", chosen)
    assert "Take off the list" in asked.content.decode()
    assert Suppression.objects.exists()
    assert staff.post("/admin/preferences/suppression/", chosen | {"note": ""}).status_code == 200
    assert Suppression.objects.exists()
    assert staff.post("/admin/preferences/suppression/", chosen | {"note": "a mistake"}).status_code == 302
    assert not Suppression.objects.exists()
    assert history() == [
        ("ann@example.com", "added", "asked by phone", "root"),
        ("ann@example.com", "removed", "a mistake", "root"),
    ]
    assert "a mistake" in staff.get("/admin/preferences/suppressionchange/?q=ann").content.decode()


def test_staff_take_off_all_that_a_search_finds_however_many(staff):
    add([Entry(f"u{n}@old.example", "email", "bounce") for n in range(1_100)], by="ses")
    add([Entry("ann@example.com", "email", "bounce")], by="ses")
    address, chosen = "/admin/preferences/suppression/?q=old.example", {"action": "take_off", "select_across": "1"}
    one = Suppression.objects.filter(address__endswith="old.example").first()
    asked = staff.post(address, chosen | {"_selected_action": [one.pk]}).content.decode()
    assert "1100 addresses" in asked
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked)
    form = {name: [value for other, value in fields if other == name] for name, _ in fields}
    assert staff.post(address, form | {"note": "the domain is back"}).status_code == 302
    assert [row.address for row in Suppression.objects.all()] == ["ann@example.com"]


def test_staff_bring_a_file_in_and_see_its_bad_rows(staff):
    file = io.BytesIO(CSV)
    file.name = "old.csv"
    page = staff.post("/admin/preferences/suppression/import/", {"file": file}).content.decode()
    assert Suppression.objects.count() == 2
    assert "This is no email address." in page
    for name, content in (("old.txt", b"x"), ("old.csv", b"\xff")):
        file = io.BytesIO(content)
        file.name = name
        assert staff.post("/admin/preferences/suppression/import/", {"file": file}).status_code == 200
    assert staff.get("/admin/preferences/suppression/import/").status_code == 200
    out = b"".join(staff.get("/admin/preferences/suppression/csv/").streaming_content)
    assert b"ann@example.com,email,bounce" in out
    assert b'"address":"ann@example.com"' in b"".join(
        staff.get("/admin/preferences/suppression/jsonl/").streaming_content
    )


def test_who_may_only_look_may_not_change(client):
    user = get_user_model().objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_suppression"))
    client.force_login(user)
    row = Suppression.objects.create(address="ann@example.com", channel="email")
    assert client.get("/admin/preferences/suppression/").status_code == 200
    assert client.get("/admin/preferences/suppression/import/").status_code == 403
    client.post("/admin/preferences/suppression/", {"action": "take_off", "_selected_action": [row.pk], "note": "x"})
    assert Suppression.objects.exists()
