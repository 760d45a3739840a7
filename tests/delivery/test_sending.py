"""Sending over the sandbox: what arrives, what fails and how, what is never done twice."""

from __future__ import annotations

import pytest

from delivery import breaker, orders, sending
from delivery.providers.sandbox import switches
from delivery.providers.sandbox.models import OutboxMessage
from foundation.clock import now_ms
from foundation.errors import DeadlinePassed
from notifications import reports
from notifications.log import get_log
from notifications.records import Outcome
from notifications.topology import DELIVERY
from tests.delivery.channel_records import record, track_everything
from tests.delivery.conftest import DATABASES

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("servers")]


def deliver(*records, repeat=False, deadline_in=10_000):
    now = now_ms()
    channel = records[0].channel
    items = [(each, repeat) for each in records]
    return sending.deliver(channel, items, deadline=now + deadline_in, started=now)


def outcomes(delivered):
    return [(report.status, report.error) for report in delivered.reports if isinstance(report, Outcome)]


def errors(delivered):
    return [each.error for failure in delivered.failures for each in failure.failed]


def test_a_batch_arrives_and_is_told():
    records = [record(f"user{n}@example.com") for n in range(20)]
    delivered = deliver(*records)
    assert outcomes(delivered) == [("sent", "")] * 20
    assert delivered.failures == []
    message = OutboxMessage.objects.get(notification_id=records[0].recipients[0].id)
    assert (message.provider, message.address, message.title, message.attempt, message.received) == (
        "ses",
        "user0@example.com",
        "Shipped",
        1,
        1,
    )


def test_the_attempt_is_on_the_log_before_the_provider_hears_of_it():
    before = sum(get_log().end_offsets(DELIVERY).values())
    deliver(record())
    assert sum(get_log().end_offsets(DELIVERY).values()) == before + 1


def test_a_push_goes_to_each_device_through_its_own_account():
    push = record("token-ios", channel="push", platform="apns")
    other = record("token-droid", channel="push", platform="fcm")
    assert outcomes(deliver(push, other)) == [("sent", "")] * 2
    assert sorted(OutboxMessage.objects.values_list("provider", flat=True)) == ["apns", "fcm"]


@pytest.mark.parametrize(
    ("address", "status", "error", "counts"),
    [
        ("transient@example.com", "failed", "transient", True),
        ("permanent@example.com", "failed", "permanent_message", True),
        ("invalid@example.com", "failed", "permanent_address", True),
        ("ratelimited@example.com", "failed", "rate_limited", False),
        ("timeout-after-accept@example.com", "in_doubt", "ambiguous", True),
        ("misconfigured@example.com", "failed", "misconfigured", True),
    ],
)
def test_each_way_of_failing_has_its_name(address, status, error, counts):
    delivered = deliver(record(address))
    assert outcomes(delivered) == [(status, error)]
    assert [(each.error, each.counts) for each in delivered.failures[0].failed] == [(error, counts)]


def test_a_failure_carries_only_the_sends_that_failed():
    both = record("fine@example.com", "transient@example.com")
    (failed,) = deliver(both).failures
    assert [send.address for send in failed.record.recipients[0].sends] == ["transient@example.com"]
    assert failed.record.recipients[0].content == both.recipients[0].content


def test_it_fails_as_often_as_the_address_says():
    assert errors(deliver(record("fails-2-times@example.com", attempt=2))) == ["transient"]
    assert errors(deliver(record("fails-2-times@example.com", attempt=3))) == []


def test_what_has_expired_is_dropped_and_not_sent():
    delivered = deliver(record(expires_at=now_ms() - 1))
    assert [(report.status, report.reason) for report in delivered.reports] == [("dropped", "expired")]
    assert OutboxMessage.objects.count() == 0


def test_nothing_begins_after_the_deadline():
    with pytest.raises(DeadlinePassed):
        deliver(record(), deadline_in=0)
    assert OutboxMessage.objects.count() == 0


@pytest.fixture
def no_time_to_begin(monkeypatch):
    """The time within which a batch's sends must begin is over at once."""
    monkeypatch.setattr(sending, "BEGIN_WITHIN_MS", 0)


def test_what_has_not_begun_in_time_comes_back_without_costing_an_attempt(no_time_to_begin):
    delivered = deliver(record())
    (failed,) = delivered.failures[0].failed
    assert (failed.error, failed.counts) == ("not_begun", False)
    assert outcomes(delivered) == [("deferred", "not_begun")]


def test_what_the_bucket_does_not_give_in_time_comes_back_spread_over_its_rate(settings):
    settings.PROVIDER_RATES = {**settings.PROVIDER_RATES, "ses": 10}
    delivered = deliver(*[record(f"u{n}@example.com") for n in range(60)])
    waits = [each.retry_after_ms for failure in delivered.failures for each in failure.failed]
    sent = 60 - len(waits)
    assert 10 <= sent <= 31  # two seconds of its rate, and what the bucket held
    assert waits == sorted(waits)
    assert waits[-1] - waits[0] == pytest.approx((len(waits) - 1) * 100, abs=5)


def test_an_open_breaker_costs_no_attempt_and_writes_nothing():
    breaker.record("ses", ok=0, failed=breaker.THRESHOLD)
    before = get_log().end_offsets(DELIVERY)
    (failed,) = deliver(record()).failures[0].failed
    assert (failed.error, failed.counts) == ("breaker_open", False)
    assert failed.retry_after_ms > 0
    assert get_log().end_offsets(DELIVERY) == before


def test_a_retry_after_shuts_the_account_for_the_others():
    deliver(record("ratelimited@example.com"))
    (failed,) = deliver(record()).failures[0].failed
    assert failed.error == "breaker_open"
    assert 0 < failed.retry_after_ms <= 2_000


def test_a_provider_that_fails_by_its_switch_opens_its_breaker():
    switches.set_mode("ses", "down")
    assert set(errors(deliver(*[record(f"u{n}@example.com") for n in range(10)]))) == {"transient"}
    assert breaker.state("ses").state == breaker.OPEN
    assert set(errors(deliver(record()))) == {"breaker_open"}


def test_one_slow_recipient_gets_an_outcome_and_so_do_the_others(settings):
    settings.PROVIDER_TIMEOUT_S = 0.05
    delivered = deliver(record("slow@example.com"), record("quick@example.com"))
    assert sorted(outcomes(delivered)) == [("in_doubt", "ambiguous"), ("sent", "")]


def test_a_repeat_of_what_was_sent_sends_nothing():
    one = record()
    reports.produce(deliver(one).reports)
    track_everything()
    again = deliver(one, repeat=True)
    assert (again.reports, again.failures) == ([], [])
    assert OutboxMessage.objects.get().received == 1


def test_a_repeat_of_what_failed_says_so_again_without_a_second_try():
    one = record("transient@example.com")
    reports.produce(deliver(one).reports)
    track_everything()
    switches.set_mode("ses", "ok")
    again = deliver(one, repeat=True)
    assert errors(again) == ["transient"]
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize(("priority", "received"), [("high", 2), ("normal", 1)])
def test_what_was_begun_and_never_told_is_in_doubt(priority, received):
    one = record(priority=priority)
    deliver(one)  # its worker died before it could report: only the attempt is on the log
    track_everything()
    again = deliver(one, repeat=True)
    assert OutboxMessage.objects.get().received == received
    assert errors(again) == ([] if priority == "high" else ["in_doubt"])


def test_a_repeat_of_what_was_put_off_is_put_off_and_its_next_turn_is_not(monkeypatch):
    one = record()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "BEGIN_WITHIN_MS", 0)
        reports.produce(deliver(one).reports)
    track_everything()
    assert errors(deliver(one, repeat=True)) == ["not_begun"]
    next_turn = record(id=one.recipients[0].id, hop=1)
    assert outcomes(deliver(next_turn, repeat=True)) == [("sent", "")]


def test_two_copies_that_meet_in_one_batch_are_sent_once():
    track_everything()
    one = record(priority="high")
    assert outcomes(deliver(one, one, repeat=True)) == [("sent", "")]
    assert OutboxMessage.objects.get().received == 1


def test_a_refusal_counts_only_where_the_provider_was_asked():
    assert orders.counts("transient")
    assert not orders.counts("not_begun")
    assert not orders.counts("rate_limited")
