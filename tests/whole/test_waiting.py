"""Schedules, quiet hours, cancelling and expiry: what waits, until when, and what is looked at when its time comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from delivery import scheduling
from delivery.providers.sandbox import switches
from foundation.clock import now_ms, to_rfc3339
from notifications.due.models import DueRow
from notifications.topology import LANES
from preferences.facts import QuietHours
from preferences.models import PreferenceRow, User
from preferences.registry import put_user
from tests.notifications.api.calling import Caller, assert_problem
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, later, outbox, told, waiting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

HOUR_MS = 3_600_000
ORDER = {"order": "A1"}


def in_an_hour() -> str:
    return to_rfc3339(now_ms() + HOUR_MS)


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "push", "email"], priority="high")
    make_type("offer", channels=["in_app", "email"], priority="low", marketing=True, category="marketing")
    make_type("code", channels=["push"], priority="critical", category="security")
    make_user("usr_42", token="token-1", email="ann@example.com")
    return pipeline


def be_quiet_now() -> int:
    """usr_42's quiet hours began an hour ago and end in an hour; when they end (ms)."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    start, end = now - timedelta(hours=1), now + timedelta(hours=1)
    put_user("usr_42", {"quiet_hours": QuietHours(f"{start:%H:%M}", f"{end:%H:%M}"), "time_zone": "UTC"})
    return int(end.timestamp() * 1000)


def test_a_scheduled_one_waits_and_then_goes_everywhere(people: Pipeline):
    id = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=in_an_hour())
    people.run()
    assert set(channels(id).values()) == {("deferred", "scheduled")}
    assert told(id)["channels"]["push"]["due_at"]
    assert inbox("usr_42") == []
    assert_accounted_for()

    now = people.send("order_shipped", "usr_42", data=ORDER)
    later(people)
    assert channels(id) == dict.fromkeys(("in_app", "push", "email"), ("sent", ""))
    assert inbox("usr_42") == [id, now]  # its place is that of its own time
    assert_accounted_for()


def test_whoever_turns_it_off_meanwhile_is_heard(people: Pipeline):
    id = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=in_an_hour())
    people.run()
    put_user("usr_42", {"email": None})
    PreferenceRow.objects.create(user=User.objects.get(), scope="*", channel="push", enabled=False)
    later(people)
    assert channels(id) == {
        "in_app": ("sent", ""),
        "push": ("dropped", "opted_out"),
        "email": ("dropped", "no_address"),
    }
    assert_accounted_for()


def test_quiet_hours_put_off_what_would_disturb_and_nothing_else(people: Pipeline):
    end = be_quiet_now()
    order = people.send("order_shipped", "usr_42", data=ORDER)
    offer = people.send("offer", "usr_42", data=ORDER)
    code = people.send("code", "usr_42", data=ORDER)
    people.run()
    assert channels(order) == {
        "in_app": ("sent", ""),
        "push": ("deferred", "quiet_hours"),
        "email": ("sent", ""),
    }
    assert channels(offer) == {"in_app": ("sent", ""), "email": ("deferred", "quiet_hours")}
    assert channels(code) == {"push": ("sent", "")}
    assert {row.due_at for row in waiting()} == {end}
    assert told(order)["channels"]["push"]["setting"].startswith("quiet hours ")
    assert_accounted_for()

    later(people)
    assert channels(order)["push"] == channels(offer)["email"] == ("sent", "")
    assert outbox(order) == {"token-1": (1, 1), "ann@example.com": (1, 1)}
    assert sorted(inbox("usr_42")) == sorted([order, offer])
    assert_accounted_for()


def test_at_the_end_of_quiet_hours_preferences_are_looked_at_again(people: Pipeline):
    be_quiet_now()
    id = people.send("order_shipped", "usr_42", data=ORDER)
    people.run()
    PreferenceRow.objects.create(user=User.objects.get(), scope="order_shipped", channel="push", enabled=False)
    later(people)
    assert channels(id)["push"] == ("dropped", "opted_out")
    assert outbox(id) == {"ann@example.com": (1, 1)}
    assert_accounted_for()


class TestCancelling:
    @pytest.fixture
    def service(self, people: Pipeline) -> Caller:
        return Caller("notifications:send", "notifications:read")

    def post(self, service: Caller, **fields) -> str:
        body = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": ORDER} | fields
        return service.post("notifications", body).json()["notification_id"]

    def test_a_scheduled_one_never_goes_out_and_says_so_as_often_as_asked(self, people: Pipeline, service: Caller):
        id = self.post(service, schedule_at=in_an_hour())
        people.run()
        first = service.delete(f"notifications/{id}")
        assert first.status_code == 200
        assert [(each["channel"], each["status"]) for each in first.json()["channels"]] == [
            (channel, "cancelled") for channel in ("in_app", "push", "email")
        ]
        people.run()
        assert service.delete(f"notifications/{id}").json() == first.json()
        assert service.get(f"notifications/{id}").json()["channels"]["push"]["status"] == "cancelled"
        later(people)
        assert inbox("usr_42") == []
        assert outbox(id) == {}
        assert_accounted_for()

    def test_only_what_waits_is_cancelled(self, people: Pipeline, service: Caller):
        be_quiet_now()
        id = self.post(service)
        people.run()
        answer = service.delete(f"notifications/{id}").json()
        assert [(each["channel"], each["was"]) for each in answer["channels"]] == [("push", "quiet_hours")]
        people.run()
        status = service.get(f"notifications/{id}").json()["channels"]
        assert {name: its["status"] for name, its in status.items()} == {
            "in_app": "sent",
            "push": "cancelled",
            "email": "sent",
        }
        assert_accounted_for()

    def test_a_retry_is_cancelled_too(self, people: Pipeline, service: Caller):
        switches.set_mode("ses", "down")
        id = self.post(service)
        people.run()
        switches.set_mode("ses", "ok")
        answer = service.delete(f"notifications/{id}")
        assert [(each["channel"], each["was"]) for each in answer.json()["channels"]] == [("email", "retry")]
        people.run()
        assert service.delete(f"notifications/{id}").json() == answer.json()
        later(people)
        assert service.get(f"notifications/{id}").json()["channels"]["email"]["status"] == "cancelled"
        assert outbox(id) == {"token-1": (1, 1)}
        assert_accounted_for()

    def test_what_is_done_can_not_be_cancelled_and_anothers_is_not_found(self, people: Pipeline, service: Caller):
        id = self.post(service)
        people.run()
        assert_problem(service.delete(f"notifications/{id}"), 409)
        assert_problem(Caller("notifications:send").delete(f"notifications/{id}"), 404)
        assert_problem(service.delete("notifications/notif_nothing"), 404)


def test_what_has_expired_when_its_time_comes_is_dropped(people: Pipeline):
    be_quiet_now()
    soon = to_rfc3339(now_ms() + HOUR_MS // 2)
    id = people.send("order_shipped", "usr_42", data=ORDER, expires_at=soon)
    people.run()
    later(people)
    assert channels(id)["push"] == ("dropped", "expired")
    assert channels(id)["email"] == ("sent", "")
    assert_accounted_for()


def test_two_beats_do_no_harm(people: Pipeline):
    id = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=in_an_hour())
    people.run()
    DueRow.objects.update(due_at=now_ms())
    assert sum(scheduling.release(LANES) for _ in range(2)) == 1
    people.run()
    assert outbox(id) == {"token-1": (1, 1), "ann@example.com": (1, 1)}
    assert inbox("usr_42") == [id]
    assert_accounted_for()
