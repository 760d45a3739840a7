"""The suppression list over the API: every change with its reason."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from preferences.models import Device, Suppression, SuppressionChange, User
from preferences.profiles import profiles
from preferences.signals import owners_of
from preferences.suppression import Entry, add, remove
from tests.preferences.conftest import Keeper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
ANN = {"address": "Ann@Example.com", "channel": "email"}


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


@pytest.mark.parametrize("query", ["adress=ann", "=0"])
def test_a_parameter_that_isnt_there_is_named(keeper, query):
    status, problem = keeper.get(f"suppressions?{query}")
    assert (status, problem["field"]) == (400, query.split("=")[0])


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


def test_many_reasons_change_in_a_few_statements(django_assert_max_num_queries):
    numbers = [f"+4915112345{n:03d}" for n in range(300)]
    add([Entry(number, "sms", "stop") for number in numbers], by="twilio")
    with django_assert_max_num_queries(20):
        assert add([Entry(number, "sms", "manual", f"case {number}") for number in numbers], by="root") == 0
    assert {(row.reason, row.note) for row in Suppression.objects.all()} == {("manual", f"case {n}") for n in numbers}


def test_whose_an_address_is_takes_no_look_at_every_user():
    ann = User.objects.create(user_id="usr_ann", email="ann@example.com", phone="+4915112345678")
    Device.objects.create(user=User.objects.create(user_id="usr_bob"), token="a-token", platform="fcm")
    Device.objects.create(user=ann, token="another", platform="fcm")
    with CaptureQueriesContext(connection) as asked:
        owners = owners_of(["ann@example.com", "+4915112345678", "a-token", "nobody@example.com"])
    assert sorted(owners) == ["usr_ann", "usr_bob"]
    [statement] = [each["sql"] for each in asked]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = [row[3] for row in cursor.fetchall()]
            assert not [step for step in steps if step.startswith("SCAN preferences_")], steps


def test_a_stop_becomes_what_else_is_told_and_a_start_takes_back_a_stop_alone():
    add([Entry("+4915112345678", "sms", "stop"), Entry("+4915112345679", "sms", "stop")], by="twilio")
    add([Entry("+4915112345678", "sms", "manual", "court")], by="root")
    numbers = [("+4915112345678", "sms"), ("+4915112345679", "sms")]
    assert remove(numbers, by="twilio", note="START", only="stop") == [("+4915112345679", "sms")]
