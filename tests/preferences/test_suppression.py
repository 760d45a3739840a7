"""The suppression list over the API, as a file, and in the admin: every change with its reason."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications.credentials import create_token
from preferences.models import Suppression, SuppressionChange, User
from preferences.profiles import profiles
from preferences.suppression import Entry, add, remove
from tests.preferences.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
ANN = {"address": "Ann@Example.com", "channel": "email"}


class Keeper(Api):
    """The API as one who keeps the list."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(create_token(name=f"keeper {scopes}", scopes=scopes)[0])

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def send_file(self, content: bytes, media: str) -> Any:
        return self._client.generic(
            "POST", "/api/v1/suppressions/import", content, content_type=media, headers=self._headers
        )

    def export(self, form: str) -> bytes:
        answer = self._client.get(f"/api/v1/suppressions/export?as={form}", headers=self._headers)
        assert answer.status_code == 200
        return b"".join(answer.streaming_content)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper("suppressions:read", "suppressions:write")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    return client


def history() -> list[tuple[str, ...]]:
    return [(one.address, one.action, one.note, one.by) for one in SuppressionChange.objects.order_by("id")]


def test_added_found_and_taken_off_with_reasons_that_are_kept(keeper):
    User.objects.create(user_id="usr_ann", email="ann@example.com")
    profiles(["usr_ann"])
    status, answer = keeper.post("suppressions", ANN | {"note": "asked by letter"})
    assert (status, answer["address"], answer["reason"]) == (201, "ann@example.com", "manual")
    assert keeper.post("suppressions", ANN)[0] == 200  # there already
    assert profiles(["usr_ann"])["usr_ann"].suppressed == {"ann@example.com"}

    assert keeper.post("suppressions/remove", ANN | {"note": "asked again"})[0] == 204
    assert profiles(["usr_ann"])["usr_ann"].suppressed == frozenset()
    assert keeper.post("suppressions/remove", ANN | {"note": "once more"})[0] == 404
    added, removed = history()
    assert added[:3] == ("ann@example.com", "added", "asked by letter")
    assert removed[:3] == ("ann@example.com", "removed", "asked again")


def test_searched_by_part_of_an_address_channel_and_reason_in_pages(keeper):
    add([Entry(f"u{n}@example.com", "email", "bounce") for n in range(5)], by="ses")
    add([Entry("+4915112345678", "sms", "stop")], by="twilio")
    assert [one["address"] for one in keeper.get("suppressions?search=%2B49151")[1]["suppressions"]] == [
        "+4915112345678"
    ]
    assert len(keeper.get("suppressions?channel=email&reason=bounce")[1]["suppressions"]) == 5
    first = keeper.get("suppressions?channel=email&limit=3")[1]
    rest = keeper.get(f"suppressions?channel=email&limit=3&cursor={first['cursor']}")[1]
    assert [one["address"][1] for one in first["suppressions"] + rest["suppressions"]] == ["4", "3", "2", "1", "0"]
    assert rest["cursor"] is None


REFUSED = [
    ("suppressions", {"address": "ann", "channel": "email"}, "address"),
    ("suppressions", {"address": "0151", "channel": "sms"}, "address"),
    ("suppressions", {"address": "usr_1", "channel": "in_app"}, "channel"),
    ("suppressions", ANN | {"reason": "because"}, "reason"),
    ("suppressions", ANN | {"note": "x" * 301}, "note"),
    ("suppressions/remove", ANN | {"note": " "}, "note"),
    ("suppressions/remove", ANN, "note"),
]


@pytest.mark.parametrize(("path", "body", "field"), REFUSED)
def test_what_is_wrong_is_named(path, body, field, keeper):
    status, answer = keeper.post(path, body)
    assert (status, answer["field"]) == (400, field)
    assert answer["remedy"]
    assert history() == []


def test_each_call_needs_its_scope():
    reader, writer = Keeper("suppressions:read"), Keeper("suppressions:write")
    assert reader.post("suppressions", ANN)[0] == 403
    assert reader.post("suppressions/remove", ANN | {"note": "x"})[0] == 403
    assert reader.send_file(b"address,channel\n", "text/csv").status_code == 403
    assert writer.get("suppressions")[0] == 403
    assert writer.get("suppressions/export")[0] == 403
    assert Keeper().get("suppressions")[0] == 403


CSV = b"""address,channel,reason,note
ANN@example.com,email,bounce,"from the old system, 2024"
bob,email,,
+49 151 12345678,sms,stop,

ann@example.com,email,,twice
x@example.com,fax,,
"""
JSON_LINES = b"""{"address": "ANN@example.com", "channel": "email", "reason": "bounce"}
{"address": "bob", "channel": "email"}
{"address": "+4915112345678", "channel": "sms", "reason": "stop"}
{"address": "ann@example.com", "channel": "email"}
[1, 2]
"""


@pytest.mark.parametrize(
    ("content", "media", "bad"),
    [
        (CSV, "text/csv", [(3, "address"), (7, "channel")]),
        (b"\xef\xbb\xbf" + CSV, "text/csv; charset=utf-8", [(3, "address"), (7, "channel")]),
        (JSON_LINES, "application/x-ndjson", [(2, "address"), (5, "$")]),
    ],
)
def test_a_file_is_taken_but_for_its_bad_rows_which_are_named(content, media, bad, keeper):
    done = keeper.send_file(content, media).json()
    assert (done["added"], done["already"], done["refused"]) == (2, 1, 2)
    assert [(one["line"], one["field"]) for one in done["bad"]] == bad
    assert {(row.address, row.reason) for row in Suppression.objects.all()} == {
        ("ann@example.com", "bounce"),
        ("+4915112345678", "stop"),
    }


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"address,channel\n\xff", "text/csv"),
        (b"mail\na@b.example\n", "text/csv"),
        (b"", "text/csv"),
        (b"{}", "text/plain"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content, media, keeper):
    answer = keeper.send_file(content, media)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_what_goes_out_comes_in_again(keeper):
    add([Entry(f"u{n}@example.com", "email", "bounce", 'a "quoted", note') for n in range(2_500)], by="ses")
    before = set(Suppression.objects.values_list("address", "channel", "reason", "note"))
    for form, media in (("csv", "text/csv"), ("jsonl", "application/x-ndjson")):
        content = keeper.export(form)
        assert len(remove([(row[0], row[1]) for row in before], by="root", note="a test")) == 2_500
        done = keeper.send_file(content, media).json()
        assert (done["added"], done["refused"]) == (2_500, 0)
        assert set(Suppression.objects.values_list("address", "channel", "reason", "note")) == before


def test_a_stop_becomes_what_else_is_told_and_a_start_takes_back_a_stop_alone():
    add([Entry("+4915112345678", "sms", "stop"), Entry("+4915112345679", "sms", "stop")], by="twilio")
    add([Entry("+4915112345678", "sms", "manual", "court")], by="root")
    numbers = [("+4915112345678", "sms"), ("+4915112345679", "sms")]
    assert remove(numbers, by="twilio", note="START", only="stop") == [("+4915112345679", "sms")]


# --- in the admin


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
    from django.contrib.auth.models import Permission

    user.user_permissions.add(Permission.objects.get(codename="view_suppression"))
    client.force_login(user)
    row = Suppression.objects.create(address="ann@example.com", channel="email")
    assert client.get("/admin/preferences/suppression/").status_code == 200
    assert client.get("/admin/preferences/suppression/import/").status_code == 403
    client.post("/admin/preferences/suppression/", {"action": "take_off", "_selected_action": [row.pk], "note": "x"})
    assert Suppression.objects.exists()
