"""Contract §5's table, row by row, and what must hold whatever comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import retries
from delivery.retries import Drop, Fallback, Park, Retry, fallback_channel, next_step

NOW = 1_800_000_000_000
RESEND = ("critical", "high")
ERRORS = [
    "provider_error",
    "transient",
    "rate_limited",
    "permanent_message",
    "permanent_address",
    "misconfigured",
    "ambiguous",
    "in_doubt",
    "not_begun",
    "breaker_open",
    "template",
]


def step(priority="normal", attempt=1, *, error="transient", expires_at=None, **more):
    given_ = {"now": NOW, "began_at": NOW - 1_000, "send": "s-1", "resend_in_doubt": RESEND, **more}
    return next_step(priority, attempt, error=error, expires_at=expires_at, **given_)


@pytest.mark.parametrize(
    ("priority", "delays"),
    [
        ("critical", [5, 15, 30, 60, 120, 300, 300, 300, 300, 300, 300]),
        ("high", [10, 30, 120, 600, 1800]),
        ("normal", [60, 900, 3600]),
    ],
)
def test_each_failure_waits_for_its_row_of_the_table(priority, delays):
    for attempt, delay in enumerate(delays, start=1):
        retry = step(priority, attempt)
        assert isinstance(retry, Retry)
        waited = retry.due - NOW
        assert delay * 1_000 <= waited <= delay * 1_000 + min(delay * 200, retries.JITTER_CAP_MS)


def test_after_the_last_each_priority_ends_as_the_table_says():
    assert step("high", 6) == Fallback("exhausted")
    assert step("normal", 4) == Park("exhausted")
    assert step("low", 1) == Park("exhausted")


def test_critical_goes_on_until_expiry_and_then_is_parked_with_an_alert():
    assert isinstance(step("critical", 50), Retry)
    assert step("critical", 3, expires_at=NOW + 20_000) == Park("expired", alert=True)


def test_operators_hear_of_a_critical_one_at_the_tenth_attempt_only():
    assert [attempt for attempt in range(1, 30) if step("critical", attempt).alert] == [10]


def test_the_others_are_dropped_as_expired():
    assert step("high", 2, expires_at=NOW) == Drop("expired")
    assert step("normal", 1, expires_at=NOW + 59_000) == Drop("expired")


def test_what_is_in_doubt_goes_out_again_only_for_the_priorities_of_the_setting():
    assert isinstance(step("high", error="ambiguous"), Retry)
    assert isinstance(step("critical", error="in_doubt"), Retry)
    assert step("normal", error="ambiguous") == Park("in_doubt")
    assert step("low", error="in_doubt") == Park("in_doubt")
    assert isinstance(step("normal", error="in_doubt", resend_in_doubt=("normal",)), Retry)


def test_a_permanent_error_ends_it_at_once():
    assert step("critical", error="permanent_message") == Park("permanent", alert=True)
    assert step("normal", error="permanent_address") == Park("invalid_address")
    assert step("high", error="permanent_address") == Fallback("invalid_address")
    assert step("high", error="template") == Park("template_error")


@pytest.mark.parametrize(("named", "waits"), [(0, retries.UNNAMED_WAIT_MS), (3_000, 3_000)])
def test_who_asks_to_wait_without_saying_how_long_is_not_asked_each_second(named, waits):
    retry = step("low", error="rate_limited", counts=False, retry_after_ms=named)
    assert isinstance(retry, Retry)
    assert waits <= retry.due - NOW <= waits * 1.2
    assert not retry.counted


def test_misconfigured_alerts_and_waits_without_costing_an_attempt():
    retry = step("low", error="misconfigured")
    assert isinstance(retry, Retry)
    assert (retry.alert, retry.counted) == (True, False)


def test_what_was_never_begun_costs_nothing_even_where_nothing_is_retried():
    retry = step("low", 1, error="not_begun", counts=False, retry_after_ms=7_000)
    assert isinstance(retry, Retry)
    assert retry.counted is False
    assert retry.due >= NOW + 7_000


def test_nothing_waits_longer_than_the_log_remembers():
    assert step("low", error="not_begun", counts=False, began_at=NOW - retries.HORIZON_MS) == Park("exhausted")


def test_the_fallback_is_the_next_channel_that_is_not_used_and_never_sms():
    assert fallback_channel("in_app", ()) == "push"
    assert fallback_channel("in_app", ("push",)) == "email"
    assert fallback_channel("push", ("in_app",)) == "email"
    assert fallback_channel("push", ("email",)) is None
    assert fallback_channel("email", ()) is None
    assert fallback_channel("sms", ()) is None


@given(
    priority=st.sampled_from(["critical", "high", "normal", "low"]),
    attempt=st.integers(1, 10_000),
    error=st.sampled_from(ERRORS),
    retry_after=st.integers(0, 10**8),
    life=st.none() | st.integers(-(10**6), 10**9),
    counts=st.booleans(),
    send=st.text(max_size=8),
)
def test_whatever_fails_a_retry_keeps_the_floor_the_expiry_and_the_cap(
    priority, attempt, error, retry_after, life, counts, send
):
    expires_at = None if life is None else NOW + life
    what = {"error": error, "retry_after_ms": retry_after, "expires_at": expires_at, "counts": counts, "send": send}
    first = step(priority, attempt, **what)
    assert step(priority, attempt, **what) == first  # the same failure, whoever looks at it
    if isinstance(first, Retry):
        assert first.due >= NOW + retry_after
        assert expires_at is None or first.due < expires_at
        longest = max(max(retries.SCHEDULE_S[priority], default=0) * 1_000, retries.MISCONFIGURED_DELAY_MS, retry_after)
        assert first.due <= NOW + longest + retries.JITTER_CAP_MS
        assert error not in retries.PERMANENT
    else:
        assert isinstance(first, Fallback | Park | Drop)
