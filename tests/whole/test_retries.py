"""A provider fails: what is tried again, when, on which channel, and where it comes to rest (contract §5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.models import Alert, DeadLetter
from delivery.providers.sandbox import switches
from foundation.clock import now_ms
from notifications.due.models import DueRow
from notifications.topology import CRITICAL, DELIVERY, LANES
from preferences.models import Device, PreferenceRow, Suppression
from preferences.registry import put_device
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import (
    assert_accounted_for,
    channels,
    ends,
    grown,
    later,
    outbox,
    told,
    tries,
    waiting,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}


@pytest.fixture
def failing(pipeline: Pipeline) -> Iterator[None]:
    """Mail is down until `switches.set_mode("ses", "ok")`."""
    switches.set_mode("ses", "down")
    yield
    switches.forget()


def seconds_to_wait() -> float:
    (row,) = waiting()
    return (row.due_at - now_ms()) / 1_000


def test_what_fails_once_is_sent_at_its_next_try(pipeline: Pipeline):
    make_type("order_shipped", channels=["in_app", "email"])
    make_user("usr_42", email="fails-1-times@example.com")
    id = pipeline.send("order_shipped", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(id) == {"in_app": ("sent", ""), "email": ("failed", "")}
    assert told(id)["status"] == "in_flight"
    assert 58 <= seconds_to_wait() <= 72
    assert_accounted_for()

    later(pipeline)
    assert channels(id)["email"] == ("sent", "")
    assert tries(id, "email") == [(1, "failed"), (2, "sent")]
    assert outbox(id) == {"fails-1-times@example.com": (2, 1)}
    assert_accounted_for()


def test_normal_is_parked_after_its_last_try_and_low_at_once(pipeline: Pipeline, failing: None):
    make_type("liked", channels=["email"], priority="normal")
    make_type("offer", channels=["email"], priority="low")
    make_user("usr_42", email="ann@example.com")
    normal = pipeline.send("liked", "usr_42", data=ORDER)
    low = pipeline.send("offer", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(low) == {"email": ("parked", "exhausted")}

    waits = []
    while waiting():
        waits.append(seconds_to_wait())
        later(pipeline)
    assert [round(wait / 60) for wait in waits] == [1, 15, 60]
    assert channels(normal) == {"email": ("parked", "exhausted")}
    assert tries(normal, "email") == [(1, "failed"), (2, "failed"), (3, "failed"), (4, "parked")]
    assert {(each.notification_id, each.attempts) for each in DeadLetter.objects.all()} == {(normal, 4), (low, 1)}
    assert_accounted_for()


class TestFallback:
    """High priority, its push at its end: the next channel takes on."""

    def exhaust(self, pipeline: Pipeline, words: dict[str, str]) -> str:
        make_type("order_shipped", channels=["in_app", "push"], priority="high", words=words)
        self.user = make_user("usr_42", token="transient-1", email="ann@example.com")
        id = pipeline.send("order_shipped", "usr_42", data=ORDER)
        pipeline.run()
        waits = []
        while waiting() and waiting()[0].kind == "retry":
            waits.append(seconds_to_wait())
            later(pipeline)
        assert len(waits) == 5
        assert all(wait >= least - 1 for wait, least in zip(waits, (10, 30, 120, 600, 1800), strict=True))
        return id

    def test_it_goes_by_email_and_says_so(self, pipeline: Pipeline):
        id = self.exhaust(pipeline, words={"email": "{{ order }} left us."})
        assert channels(id)["push"] == ("parked", "fell_back_to")
        assert told(id)["channels"]["push"]["detail"] == "email"
        assert DeadLetter.objects.get().fell_back_to == "email"
        assert [(row.kind, row.channel) for row in waiting()] == [("fallback", "email")]
        assert_accounted_for()

        later(pipeline)
        assert channels(id) == {"in_app": ("sent", ""), "push": ("parked", "fell_back_to"), "email": ("sent", "")}
        assert outbox(id) == {"ann@example.com": (1, 1)}
        assert_accounted_for()

    def test_a_channel_without_words_ends_with_that_reason(self, pipeline: Pipeline):
        id = self.exhaust(pipeline, words={})
        later(pipeline)
        assert channels(id)["email"] == ("dropped", "no_template")
        assert_accounted_for()

    def test_an_opt_out_is_heard(self, pipeline: Pipeline):
        id = self.exhaust(pipeline, words={"email": "{{ order }} left us."})
        PreferenceRow.objects.create(user=self.user, scope="order_updates", channel="email", enabled=False)
        later(pipeline)
        assert channels(id)["email"] == ("dropped", "opted_out")
        assert outbox(id) == {}
        assert_accounted_for()


def test_what_the_provider_refuses_for_good_falls_back_at_once(pipeline: Pipeline):
    make_type("order_shipped", channels=["in_app", "push", "email"], priority="high")
    make_user("usr_42", token="permanent-1", email="ann@example.com")
    only_push = pipeline.send("order_shipped", "usr_42", data=ORDER, channels=["push"])
    both = pipeline.send("order_shipped", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(both)["push"] == ("parked", "permanent")  # email goes anyway
    assert channels(only_push)["push"] == ("parked", "fell_back_to")
    later(pipeline)
    assert channels(only_push) == {"push": ("parked", "fell_back_to"), "email": ("sent", "")}
    assert outbox(only_push) == {"ann@example.com": (1, 1)}
    assert_accounted_for()


def test_a_retry_after_is_a_floor_and_costs_no_attempt(pipeline: Pipeline):
    make_type("liked", channels=["email"], priority="low")
    make_user("usr_42", email="ann@example.com")
    switches.set_mode("ses", "rate_limited")
    id = pipeline.send("liked", "usr_42", data=ORDER)
    pipeline.run()
    assert seconds_to_wait() >= 1.5
    assert channels(id)["email"][0] == "failed"

    switches.set_mode("ses", "ok")
    later(pipeline)
    assert tries(id, "email") == [(1, "failed"), (2, "sent")]
    assert_accounted_for()


def test_in_doubt_goes_by_priority(pipeline: Pipeline):
    make_type("code", channels=["sms"], priority="critical")
    make_type("order_shipped", channels=["email"], priority="high", fallback=False)
    make_type("liked", channels=["email"], priority="normal")
    make_user("usr_42", email="timeout-after-accept@example.com", phone="+15005550005")
    ids = {name: pipeline.send(name, "usr_42", data=ORDER) for name in ("code", "order_shipped", "liked")}
    pipeline.run()
    assert channels(ids["liked"]) == {"email": ("parked", "in_doubt")}
    assert channels(ids["order_shipped"])["email"][0] == channels(ids["code"])["sms"][0] == "in_doubt"

    switches.set_mode("ses", "ok")
    later(pipeline)
    assert outbox(ids["liked"]) == {"timeout-after-accept@example.com": (1, 1)}
    assert outbox(ids["order_shipped"]) == {"timeout-after-accept@example.com": (2, 2)}
    assert outbox(ids["code"]) == {"+15005550005": (2, 2)}
    assert_accounted_for()


class TestCritical:
    """Its retries stay in its lane, and operators hear of what goes on failing."""

    def test_again_and_again_on_its_own_topic_with_an_alert_at_the_tenth(self, pipeline: Pipeline):
        make_type("code", channels=["in_app", "sms"], priority="critical")
        make_user("usr_42", phone="+15005550002")
        before = ends()
        id = pipeline.send("code", "usr_42", data=ORDER)
        pipeline.run()
        waits = []
        for _ in range(9):
            waits.append(seconds_to_wait())
            later(pipeline)
        assert [(alert.kind, alert.detail["notification_id"]) for alert in Alert.objects.all()] == [
            ("critical_failing", id)
        ]
        assert all(w >= least - 1 for w, least in zip(waits, (5, 15, 30, 60, 120, 300, 300, 300, 300), strict=True))
        assert grown(before) == {CRITICAL, DELIVERY}
        assert channels(id) == {"in_app": ("sent", ""), "sms": ("failed", "")}
        assert set(DueRow.objects.values_list("lane", flat=True)) == {LANES[0]}
        assert_accounted_for()

    def test_until_its_expiry(self, pipeline: Pipeline):
        make_type("code", channels=["sms"], priority="critical", expires_after_s=30)
        make_user("usr_42", phone="+15005550002")
        id = pipeline.send("code", "usr_42", data=ORDER)
        pipeline.run()
        for _ in range(3):
            later(pipeline)
        assert channels(id) == {"sms": ("parked", "expired")}
        assert [alert.kind for alert in Alert.objects.all()] == ["critical_parked"]
        assert waiting() == []
        assert_accounted_for()


def test_a_dead_address_is_removed(pipeline: Pipeline):
    make_type("liked", channels=["push", "email"], priority="normal")
    user = make_user("usr_42", token="invalid-1", email="invalid@example.com")
    Device.objects.create(user=user, token="good-1", platform="fcm")
    id = pipeline.send("liked", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(id) == {"push": ("sent", ""), "email": ("parked", "invalid_address")}
    assert [device.token for device in Device.objects.all()] == ["good-1"]

    again = pipeline.send("liked", "usr_42", data=ORDER)
    pipeline.run()
    assert channels(again) == {"push": ("sent", ""), "email": ("dropped", "invalid_address")}
    assert outbox(again) == {"good-1": (1, 1)}
    assert_accounted_for()


def test_a_breaker_lets_what_waits_pass_without_a_lost_attempt(pipeline: Pipeline, failing: None):
    make_type("liked", channels=["email"], priority="normal")
    for n in range(40):
        make_user(f"usr_{n}", email=f"u{n}@example.com")
    ids = [pipeline.send("liked", f"usr_{n}", data=ORDER) for n in range(40)]
    pipeline.run()
    shut = [id for id in ids if channels(id)["email"] == ("deferred", "breaker_open")]
    assert 0 < len(shut) < 40
    assert_accounted_for()

    switches.set_mode("ses", "ok")
    later(pipeline)
    assert {channels(id)["email"] for id in ids} == {("sent", "")}
    assert {tries(id, "email")[-1][0] for id in shut} == {1}
    assert {tries(id, "email")[-1][0] for id in set(ids) - set(shut)} == {2}
    assert_accounted_for()


class TestWhatChangedMeanwhile:
    """A retry waited; its user did not."""

    @pytest.fixture
    def waits(self, pipeline: Pipeline) -> str:
        """A push to two devices and a mail, all to be tried again."""
        make_type("liked", channels=["push", "email"], priority="normal", category="social")
        self.user = make_user("usr_42", token="fails-1-times-1", email="fails-1-times@example.com")
        Device.objects.create(user=self.user, token="fails-1-times-2", platform="apns")
        id = pipeline.send("liked", "usr_42", data=ORDER)
        pipeline.run()
        assert {status for status, _ in channels(id).values()} == {"failed"}
        return id

    def test_a_device_that_is_somebody_elses_now_stays_silent(self, pipeline: Pipeline, waits: str):
        put_device("somebody_else", token="fails-1-times-1", platform="apns", name="")
        later(pipeline)
        assert outbox(waits) == {"fails-1-times-2": (2, 1), "fails-1-times@example.com": (2, 1)}
        assert channels(waits) == {"push": ("sent", ""), "email": ("sent", "")}
        assert_accounted_for()

    def test_an_opt_out_and_a_complaint_are_heard(self, pipeline: Pipeline, waits: str):
        PreferenceRow.objects.create(user=self.user, scope="social", channel="push", enabled=False)
        Suppression.objects.create(address="fails-1-times@example.com", channel="email", reason="complaint")
        later(pipeline)
        assert channels(waits) == {"push": ("dropped", "opted_out"), "email": ("dropped", "suppressed")}
        assert outbox(waits) == {}
        assert waiting() == []
        assert_accounted_for()
