"""High priority, after its last attempt: another channel, where there is one and nobody else has it."""

from __future__ import annotations

import msgspec
import pytest

from delivery.models import DeadLetter
from foundation.clock import now_ms
from notifications.due.models import DueRow
from notifications.records import (
    Event,
    Failure,
    decode,
)
from notifications.store import get_store
from notifications.store.port import LogEntry
from notifications.topology import DLQ, RAW
from tests.delivery.channel_records import failure, record
from tests.delivery.conftest import DATABASES
from tests.delivery.scheduled import decided, release, schedule, told

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


def test_high_falls_back_to_the_next_channel_that_is_not_used():
    one = record("token-1", channel="push", priority="high", attempt=6)
    decided(one, "in_app", "push")
    reports = schedule(failure(one))
    assert [(report.status, report.reason, report.detail) for report in reports] == [
        ("parked", "fell_back_to", "email")
    ]
    assert DeadLetter.objects.get().fell_back_to == "email"
    (out,) = release()
    event = decode(Event, out.value)
    assert (out.topic, event.only, event.resumed, event.fell_back_from) == (RAW, ["email"], "fallback", "push")
    assert (event.attempt, event.idempotency, event.data) == (1, None, {"order": "A-17"})
    assert event.now == DueRow.objects.get().claimed_at


def test_without_a_channel_left_high_is_parked():
    one = record("token-1", channel="push", priority="high", attempt=6)
    decided(one, "push", "email")
    assert told(schedule(failure(one))) == [("parked", "exhausted", "transient")]
    sms = record("+4915112345678", channel="sms", priority="high", attempt=6)
    assert told(schedule(failure(sms))) == [("parked", "exhausted", "transient")]
    assert release() == []


def test_no_fallback_while_another_device_has_it():
    one = record("token-1", channel="push", priority="high", attempt=6)
    decided(one, "push")
    user, id = one.recipients[0].user, one.recipients[0].id
    cell = LogEntry(
        id=id, user=user, channel="push", send="another", attempt=1, status="sent", rank=200, at=one.now, detail={}
    )
    get_store().record([cell])
    assert told(schedule(failure(one))) == [("parked", "exhausted", "transient")]
    assert release() == []


def test_a_fallback_waits_for_its_event_to_be_tracked():
    one = record("token-1", channel="push", priority="high")
    schedule(failure(one, "permanent_message"))
    (out,) = release()
    assert out.topic == DLQ
    looked_again = decode(Failure, out.value)
    decided(one, "push")
    schedule(looked_again)
    (out,) = release()
    assert decode(Event, out.value).only == ["email"]


def test_an_event_that_never_comes_is_not_waited_for_for_ever():
    one = record("token-1", channel="push", priority="high")
    old = msgspec.structs.replace(failure(one, "permanent_message"), at=now_ms() - 600_000)
    assert told(schedule(old)) == [("parked", "exhausted", "permanent_message")]
