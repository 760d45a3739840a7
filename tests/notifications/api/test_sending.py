"""POST /notifications and /batch over HTTP: answers as in the brief, every bad input, nothing written by a refusal."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from notifications.log import get_log
from tests.engines import own_log
from tests.notifications.accepting import make_type, written
from tests.notifications.api.calling import EVENT, Caller, assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process", "empty_log")]


@pytest.fixture
def service() -> Caller:
    make_type()
    return Caller("notifications:send")


def test_an_event_is_answered_as_in_the_brief(service):
    answer = service.post("notifications", EVENT)
    assert answer.status_code == 202
    body = answer.json()
    assert list(body) == ["notification_id", "status", "estimated_channels"]
    assert body["status"] == "accepted"
    assert body["estimated_channels"] == ["in_app", "push", "email"]
    assert answer["Location"] == f"/api/v1/notifications/{body['notification_id']}"
    assert written()[0][1].recipients[0].id == body["notification_id"]


def test_the_briefs_own_body_is_taken(service):
    whole = EVENT | {"priority": "high", "channels": ["in_app", "push", "email"], "schedule_at": None}
    assert service.post("notifications", whole).status_code == 202


def with_event(**fields):
    return json.dumps(EVENT | fields).encode()


def raw_data(text: bytes) -> bytes:
    return b'{"type":"order_shipped","target":{"type":"user","user_id":"u"},"data":{"note":' + text + b"}}"


BAD = {
    "blank body": (b" ", 400, "$"),
    "malformed JSON": (b'{"type": "order_shipped",', 400, "$"),
    "not an object": (b"[1, 2]", 400, "$"),
    "two documents": (json.dumps(EVENT).encode() * 2, 400, "$"),
    "not UTF-8": (raw_data(b'"\xff"'), 400, "$"),
    "NaN": (raw_data(b"NaN"), 400, "data.note"),
    "unknown field": (with_event(prioritty="high"), 400, "prioritty"),
    "unknown field inside": (with_event(target={"type": "user", "user_id": "u", "id": 1}), 400, "target.id"),
    "missing field": (b'{"type": "order_shipped"}', 400, "target"),
    "missing field inside": (with_event(target={"type": "user"}), 400, "target.user_id"),
    "wrong type": (with_event(data=[1]), 400, "data"),
    "wrong type inside": (with_event(target={"type": "user", "user_id": 42}), 400, "target.user_id"),
    "empty user": (with_event(target={"type": "user", "user_id": ""}), 400, "target.user_id"),
    "bad priority": (with_event(priority="urgent"), 400, "priority"),
    "bad channel": (with_event(channels=["fax"]), 400, "channels[0]"),
    "no channels": (with_event(channels=[]), 400, "channels"),
    "segment": (with_event(target={"type": "segment", "segment": "all"}), 400, "target.type"),
    "unknown notification type": (with_event(type="order_shiped"), 400, "type"),
    "schedule_at in the past": (with_event(schedule_at="2020-01-01T00:00:00Z"), 400, "schedule_at"),
    "schedule_at without zone": (with_event(schedule_at="2031-01-01T00:00:00"), 400, "schedule_at"),
    "65 KiB": (with_event(data={"x": "y" * 65 * 1024}), 413, "$"),
    "control character": (raw_data(rb'"a\u0000b"'), 400, "data.note"),
    "raw control character": (raw_data(b'"a\x01b"'), 400, "data.note"),
    "delete character": (raw_data(b'"a\x7fb"'), 400, "data.note"),
    "line break in an id": (with_event(target={"type": "user", "user_id": "a\nb"}), 400, "target.user_id"),
    "lone surrogate": (raw_data(rb'"a\ud800"'), 400, "data.note"),
    "lone low surrogate": (raw_data(rb'"\udc00 and more"'), 400, "data.note"),
    "raw surrogate": (raw_data(b'"\xed\xa0\x80"'), 400, "data.note"),
    "deep nesting": (raw_data(b'{"a":' * 40 + b"1" + b"}" * 40), 400, None),
    "bottomless nesting": (raw_data(b"[" * 20_000 + b"]" * 20_000), 400, "$"),
    "huge number": (raw_data(b"1" * 40), 400, "data.note"),
    "number beyond floats": (raw_data(b"1e999"), 400, None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_with_a_remedy_and_nothing_is_written(service, name):
    body, status, field = BAD[name]
    problem = assert_problem(service.post("notifications", body), status, field)
    assert problem["remedy"]
    assert written() == []


@pytest.mark.parametrize("name", [name for name in BAD if BAD[name][0].startswith(b"{") and name not in ("65 KiB",)])
def test_bad_items_of_a_batch_are_named_by_their_place(service, name):
    bad, _, _ = BAD[name]
    body = b'{"notifications":[' + json.dumps(EVENT).encode() + b"," + bad + b"]}"
    answer = service.post("notifications/batch", body)
    if answer.status_code == 400:  # where one can't tell where the bad item ends, the call is refused
        assert name in ("malformed JSON", "two documents", "bottomless nesting", "not UTF-8")
        assert written() == []
        return
    good, refused = answer.json()["results"]
    assert good["status"] == "accepted"
    assert refused["status"] == "refused"
    assert refused["error"]["field"].startswith("notifications[1]")
    assert refused["error"]["remedy"]
    assert len(written()) == 1


def test_a_declared_length_over_the_limit_is_refused_unread(service):
    class Unreadable:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    client = Client()
    answer = client.generic(
        "POST",
        "/api/v1/notifications",
        b"{}",
        content_type="application/json",
        headers=service.headers,
        CONTENT_LENGTH=str(65 * 1024),
        **{"wsgi.input": Unreadable()},
    )
    assert_problem(answer, 413, "$")


def test_a_batch_answers_each_in_order(service):
    users = [f"usr_{n}" for n in range(20)]
    items = [EVENT | {"target": {"type": "user", "user_id": user}} for user in users]
    items[3] = items[3] | {"type": "nope"}
    answer = service.post("notifications/batch", {"notifications": items})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (19, 1)
    assert body["results"][3]["error"]["field"] == "notifications[3].type"
    by_id = {event.recipients[0].id: event.recipients[0].user for _, event, _ in written()}
    told = [by_id[each["notification_id"]] for each in body["results"] if each["status"] == "accepted"]
    assert told == users[:3] + users[4:]


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_batch_of_none_or_too_many_is_refused_whole(service, count):
    assert_problem(service.post("notifications/batch", {"notifications": [EVENT] * count}), 400, "notifications")
    assert written() == []


def test_a_batch_of_a_thousand_is_taken(service):
    answer = service.post("notifications/batch", {"notifications": [EVENT] * 1_000})
    assert answer.json()["accepted"] == 1_000
    assert len(written()) == 1_000


def test_an_item_over_64_kib_is_refused_alone(service):
    body = {"notifications": [EVENT | {"data": {"x": "y" * 66_000}}, EVENT]}
    large, good = service.post("notifications/batch", body).json()["results"]
    assert large["error"]["status"] == 413
    assert good["status"] == "accepted"


def test_forms_are_refused_with_what_to_send(service):
    answer = Client().post("/api/v1/notifications", {"type": "order_shipped"}, headers=service.headers)
    assert "application/json" in assert_problem(answer, 415)["remedy"]


def test_the_log_away_is_503_with_retry_after(service, settings, tmp_path):
    get_log().close()
    settings.LOG_OPTIONS = own_log(settings.LOG_OPTIONS, tmp_path / "without topics")
    get_log.cache_clear()
    answer = service.post("notifications", EVENT)
    assert_problem(answer, 503)
    assert int(answer["Retry-After"]) >= 1


def test_a_token_over_its_rate_is_429_with_retry_after():
    make_type()
    service = Caller("notifications:send", rate=5)
    service.post("notifications/batch", {"notifications": [EVENT] * 20})
    answer = service.post("notifications", EVENT)
    assert_problem(answer, 429)
    assert int(answer["Retry-After"]) >= 1
    assert len(written()) == 20
