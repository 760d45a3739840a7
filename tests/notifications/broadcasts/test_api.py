"""POST /notifications/broadcast and /broadcasts/{id}: answers as in the brief, refusals with their field."""

from __future__ import annotations

import pytest

from notifications.broadcasts import drains, states
from notifications.broadcasts.models import Broadcast
from tests.notifications.api.calling import Caller, assert_problem
from tests.notifications.broadcasts.segments import make_news, make_users

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process")]

BODY = {
    "type": "platform_announcement",
    "priority": "normal",
    "target": {"type": "segment", "segment": "everybody"},
    "data": {"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
    "throttle": {"rate": 50000, "strategy": "round_robin"},
}
PATH = "notifications/broadcast"


@pytest.fixture
def admin(monkeypatch) -> Caller:
    make_news()
    make_users(30)
    monkeypatch.setattr(drains, "_told", [])
    return Caller("broadcast", kind="admin")


def test_it_is_answered_as_in_the_brief(admin):
    answer = admin.post(PATH, BODY)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert list(body) == ["broadcast_id", "estimated_recipients", "estimated_duration_minutes"]
    assert body["broadcast_id"].startswith("bc_")
    assert body["estimated_recipients"] == 30
    assert body["estimated_duration_minutes"] == 1
    assert answer["Location"] == f"/api/v1/broadcasts/{body['broadcast_id']}"
    assert admin.get(f"broadcasts/{body['broadcast_id']}").json()["state"] == "scheduled"


def test_the_contracts_example_takes_ten_minutes():
    drains.told_by(lambda channel: 0)
    assert drains.seconds({"in_app": 30_000_000}, 50_000) == 600
    drains.told_by(lambda channel: 150)
    assert drains.seconds({"email": 30_000_000}, 50_000) / 3_600 == pytest.approx(55.6, abs=0.1)


BAD = {
    "unknown segment": ({"target": {"type": "segment", "segment": "everybodyy"}}, "target.segment"),
    "unknown strategy": ({"throttle": {"rate": 5, "strategy": "all_at_once"}}, "throttle.strategy"),
    "unknown type": ({"type": "platform_anouncement"}, "type"),
    "unknown field": ({"segmnt": "x"}, "segmnt"),
    "a rate below nothing": ({"throttle": {"rate": -1}}, "throttle.rate"),
    "a channel the type hasn't": ({"channels": ["sms"]}, "channels"),
    "a user as target": ({"target": {"type": "user", "user_id": "u"}}, "target.type"),
    "no local time": ({"local_time": "25:00"}, "local_time"),
    "a canary of everybody": ({"canary": {"percent": 100}}, "canary.percent"),
}


@pytest.mark.parametrize(("change", "field"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_and_nothing_is_kept(admin, change, field):
    body = BODY | change
    if change.get("target", {}).get("type") == "user":
        assert admin.post(PATH, body).status_code == 400
    else:
        assert_problem(admin.post(PATH, body), 400, field)
    assert not Broadcast.objects.exists()


def test_near_segments_are_named(admin):
    problem = assert_problem(admin.post(PATH, BODY | {"target": {"type": "segment", "segment": "everybodyy"}}), 400)
    assert "everybody" in problem["remedy"]


def test_nothing_critical_is_broadcast(admin):
    raiser = Caller("broadcast", "priority:raise", kind="admin")
    assert_problem(raiser.post(PATH, BODY | {"priority": "critical"}), 400, "priority")


def test_it_needs_the_admin_scope(admin):
    assert_problem(Caller("notifications:send").post(PATH, BODY), 403)


def test_the_same_key_starts_it_once(admin):
    first, second = (admin.post(PATH, BODY, Idempotency_Key="k1").json() for _ in range(2))
    assert first == second
    assert Broadcast.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(admin):
    admin.post(PATH, BODY, Idempotency_Key="k1")
    assert_problem(admin.post(PATH, BODY | {"name": "other"}, Idempotency_Key="k1"), 422)


def test_the_key_outlives_redis(admin, redis):
    first = admin.post(PATH, BODY, Idempotency_Key="k1").json()
    redis.flushdb()
    assert admin.post(PATH, BODY, Idempotency_Key="k1").json() == first
    assert Broadcast.objects.count() == 1


def test_above_the_set_size_it_waits_for_a_second_person(admin, settings):
    settings.BROADCAST_APPROVAL_ABOVE = 29
    id = admin.post(PATH, BODY).json()["broadcast_id"]
    assert admin.get(f"broadcasts/{id}").json()["state"] == "waiting"


def test_pause_resume_rate_and_cancel(admin):
    id = admin.post(PATH, BODY).json()["broadcast_id"]
    Broadcast.objects.filter(pk=id).update(state=states.RUNNING)
    assert admin.post(f"broadcasts/{id}/pause", {}).json()["state"] == "paused"
    assert admin.post(f"broadcasts/{id}/rate", {"rate": 77}).json()["throttle"]["rate"] == 77
    assert admin.post(f"broadcasts/{id}/resume", {}).json()["state"] == "running"
    assert admin.post(f"broadcasts/{id}/cancel", {}).json()["state"] == "cancelled"
    assert_problem(admin.post(f"broadcasts/{id}/resume", {}), 409, "state")
    assert_problem(admin.post("broadcasts/bc_nothing/pause", {}), 404)
