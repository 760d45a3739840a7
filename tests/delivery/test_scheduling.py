"""The retry scheduler on real tables and a real log: what fails comes back, falls back or is parked, never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from delivery import scheduling
from delivery.models import Alert, DeadLetter
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.due.models import DueRow
from notifications.records import (
    HEADER_REPEAT,
    ChannelRecord,
    Event,
    Failure,
    Recipient,
    decode,
    encode,
)
from notifications.topology import CRITICAL
from preferences.contact_points import device_id_of
from preferences.models import Device, User
from tests.delivery.channel_records import failure, record
from tests.delivery.conftest import DATABASES
from tests.delivery.scheduled import LANES, decided, release, schedule, told

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


def test_a_retry_goes_back_to_its_own_topic_with_only_what_failed():
    one = record("ann@example.com", attempt=1)
    (report,) = schedule(failure(one))
    row = DueRow.objects.get()
    assert (report.status, report.error, report.due) == ("failed", "transient", row.due_at)
    assert 60_000 <= row.due_at - now_ms() + 1_000 <= 74_000
    (out,) = release()
    assert (out.topic, out.key) == ("notifications.email", "usr_1")
    again = decode(ChannelRecord, out.value)
    assert (again.attempt, again.now, again.recipients[0].sends) == (2, one.now, one.recipients[0].sends)
    assert HEADER_REPEAT not in out.headers


def test_bulk_stays_in_its_lane():
    schedule(failure(record(lane="bulk"), "not_begun", counts=False))
    assert [out.topic for out in release(("standard", "bulk"))] == ["notifications.email.bulk"]


def test_the_same_failure_again_changes_nothing_even_after_its_release():
    one = failure(record())
    schedule(one)
    assert len(release()) == 1
    schedule(one, repeat=True)
    assert release() == []
    letter = failure(record(priority="low"))
    schedule(letter)
    schedule(letter)
    assert DeadLetter.objects.count() == 1


def test_a_repeat_leaves_its_mark_on_what_comes_of_it():
    schedule(failure(record()), repeat=True)
    assert release()[0].headers[HEADER_REPEAT] == "1"


def test_a_scheduler_that_died_after_its_claim_is_followed_by_another_which_marks():
    schedule(failure(record()))
    DueRow.objects.update(due_at=now_ms())
    from notifications.due import table

    table.claim(LANES, now=now_ms(), limit=10, owner="dies", lease_s=-1)
    (out,) = release()
    assert out.headers[HEADER_REPEAT] == "1"


def test_normal_is_parked_after_its_last_and_can_be_looked_at():
    reports = schedule(failure(record(attempt=4), detail="boom"))
    assert told(reports) == [("parked", "exhausted", "transient")]
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.error, letter.detail, letter.attempts, letter.state) == (
        "exhausted",
        "transient",
        "boom",
        4,
        "parked",
    )


def test_critical_is_retried_in_its_own_lane_through_routing():
    one = record("+4915112345678", channel="sms", priority="critical", lane="critical")
    event = decided(one)
    schedule(failure(one))
    schedule(msgspec.structs.replace(failure(one), event=event))
    (out,) = release(("critical",))
    assert out.topic == CRITICAL
    resumed = decode(Event, out.value)
    assert (resumed.only, resumed.resumed, resumed.attempt) == (["sms"], "retry", 2)
    assert resumed.failed == [one.recipients[0].sends[0].id]
    assert resumed.now == one.now  # its place in the inbox stays


def test_a_critical_one_that_brings_its_event_needs_no_store():
    one = record("+4915112345678", channel="sms", priority="critical", lane="critical")
    event = Event(
        lane="critical",
        priority="critical",
        recipients=[Recipient(one.recipients[0].id, "usr_1")],
        type=one.type,
        data={},
        now=one.now,
        accepted_at=one.now,
    )
    schedule(msgspec.structs.replace(failure(one), event=event))
    assert [out.topic for out in release(("critical",))] == [CRITICAL]


def test_operators_are_told_once_at_the_tenth_attempt_and_when_it_is_parked():
    one = record("+4915112345678", channel="sms", priority="critical", lane="critical", attempt=10)
    decided(one)
    schedule(failure(one))
    schedule(failure(one))
    assert [alert.kind for alert in Alert.objects.all()] == ["critical_failing"]
    schedule(failure(msgspec.structs.replace(one, attempt=11), "permanent_message"))
    assert {alert.kind for alert in Alert.objects.all()} == {"critical_failing", "critical_parked"}


def test_a_misconfigured_provider_alerts_once_and_costs_no_attempt():
    schedule(failure(record(priority="low"), "misconfigured"), failure(record(priority="low"), "misconfigured"))
    assert Alert.objects.count() == 1
    outs = [decode(ChannelRecord, out.value) for out in release()]
    assert [(out.attempt, out.uncounted) for out in outs] == [(2, 1), (2, 1)]


def test_a_dead_address_is_parked_and_taken_out_of_use():
    user = User.objects.create(user_id="usr_1", email="ann@example.com")
    Device.objects.create(user=user, device_id="phone", token="token-1", platform="apns")
    reports = schedule(failure(record("token-1", channel="push"), "permanent_address"))
    assert told(reports) == [("parked", "invalid_address", "permanent_address")]
    assert Device.objects.count() == 0


def test_an_address_that_was_registered_again_after_the_answer_stays():
    user = User.objects.create(user_id="usr_1")
    answered = failure(record("token-1", channel="push"), "permanent_address")
    dead_before = failure(
        record("token-2", channel="push"), "permanent_address", provider_code="Unregistered@1700000000000"
    )
    later = datetime.fromtimestamp(answered.at / 1_000 + 1, UTC)
    for token in ("token-1", "token-2"):
        Device.objects.create(user=user, device_id=device_id_of(token), token=token, platform="apns")
    Device.objects.update(registered_at=later)
    schedule(answered, dead_before)
    assert Device.objects.count() == 2
    Device.objects.filter(token="token-1").update(registered_at=later - timedelta(seconds=2))
    schedule(answered)
    assert [device.token for device in Device.objects.all()] == ["token-2"]


def test_in_doubt_parks_normal_and_tries_high_again():
    assert told(schedule(failure(record(), "ambiguous"))) == [("parked", "in_doubt", "ambiguous")]
    assert told(schedule(failure(record(priority="high"), "in_doubt"))) == [("in_doubt", "", "in_doubt")]
    assert len(release()) == 1


def test_what_would_come_too_late_is_dropped():
    assert told(schedule(failure(record(expires_at=now_ms() + 5_000)))) == [("dropped", "expired", "transient")]


def test_a_template_error_is_parked_with_its_place():
    reports = schedule(failure(record(), "template", detail="order_shipped/email/en, line 3: 'x' is undefined"))
    assert told(reports) == [("parked", "template_error", "template")]
    assert "line 3" in DeadLetter.objects.get().detail


def test_a_late_beat_catches_up_with_everything():
    failures = [failure(record(id=new_notification_id())) for _ in range(1_200)]
    for start in range(0, 1_200, 400):
        schedule(*failures[start : start + 400])
    assert len(release()) == 1_200
    assert scheduling.release(LANES) == 0


def test_a_failure_survives_its_way_over_the_log():
    one = failure(record())
    assert decode(Failure, encode(one)) == one
