"""The breaker of an account, over its whole life."""

from __future__ import annotations

import pytest

from delivery import breaker
from foundation.redis import get_redis, key

pytestmark = pytest.mark.usefixtures("redis")


def opened() -> None:
    breaker.record("ses", ok=0, failed=breaker.THRESHOLD)


def let_time_pass() -> None:
    get_redis().hset(key("breaker", "ses"), mapping={"until": 1, "trial": 0, "shut": 0})


def test_it_lets_everything_through_while_it_is_closed():
    assert breaker.admit("ses", 500) == (500, 0, breaker.CLOSED)


def test_repeated_failures_open_it():
    for _ in range(breaker.THRESHOLD):
        assert breaker.state("ses").state == breaker.CLOSED
        breaker.record("ses", ok=0, failed=1)
    assert breaker.admit("ses", 500).admitted == 0
    assert 0 < breaker.state("ses").wait_ms <= breaker.OPEN_MS


def test_a_refusal_alone_pauses_nothing_and_several_in_a_row_do():
    for _ in range(breaker.REFUSALS - 1):
        assert not breaker.record("ses", ok=0, failed=0, refused="no", refusals=1)
    breaker.record("ses", ok=1, failed=0)
    for _ in range(breaker.REFUSALS - 1):
        assert not breaker.record("ses", ok=0, failed=0, refused="no", refusals=1)
    assert breaker.state("ses").state == breaker.CLOSED
    assert breaker.record("ses", ok=0, failed=0, refused="no", refusals=1)
    assert breaker.state("ses").state == breaker.PAUSED


def test_failures_among_many_that_arrive_do_not():
    breaker.record("ses", ok=1_000, failed=100)
    assert breaker.admit("ses", 500).admitted == 500


def test_half_open_it_tries_a_few_by_one_worker_at_a_time():
    opened()
    let_time_pass()
    assert breaker.state("ses").state == breaker.HALF_OPEN
    assert breaker.admit("ses", 500) == (breaker.TRIAL, 0, breaker.HALF_OPEN)
    assert breaker.admit("ses", 500).admitted == 0


def test_a_success_closes_it_and_a_failure_opens_it_for_longer():
    opened()
    let_time_pass()
    breaker.admit("ses", 500)
    breaker.record("ses", ok=0, failed=1)
    assert breaker.OPEN_MS < breaker.state("ses").wait_ms <= 2 * breaker.OPEN_MS
    let_time_pass()
    breaker.admit("ses", 500)
    breaker.record("ses", ok=breaker.TRIAL, failed=0)
    assert breaker.admit("ses", 500).admitted == 500


def test_what_began_before_it_opened_changes_nothing():
    opened()
    breaker.record("ses", ok=50, failed=0)
    assert breaker.state("ses").state == breaker.OPEN


def test_a_retry_after_shuts_it_for_just_that_long():
    breaker.record("ses", ok=5, failed=0, retry_after_ms=3_000)
    assert breaker.state("ses").state == breaker.RETRY_AFTER
    assert 2_000 < breaker.admit("ses", 5).wait_ms <= 3_000


def test_a_channel_is_shut_only_when_all_its_accounts_are():
    assert breaker.shut_ms("in_app") == 0
    breaker.record("apns", ok=0, failed=0, retry_after_ms=9_000)
    assert breaker.shut_ms("push") == 0
    breaker.record("fcm", ok=0, failed=0, retry_after_ms=3_000)
    assert 0 < breaker.shut_ms("push") <= 3_000


def test_a_refusal_pauses_it_at_once_and_says_why_and_only_the_first_is_news():
    assert breaker.record("ses", ok=0, failed=0, refused="The credentials have expired.", refusals=breaker.REFUSALS)
    assert not breaker.record("ses", ok=0, failed=0, refused="The credentials have expired.", refusals=breaker.REFUSALS)
    standing = breaker.state("ses")
    assert (standing.state, standing.why, standing.share) == (breaker.PAUSED, "The credentials have expired.", 0)
    assert breaker.admit("ses", 5).state == breaker.PAUSED


def test_a_pause_is_tried_again_and_ends_with_the_first_success():
    breaker.record("ses", ok=0, failed=0, refused="The credentials have expired.", refusals=breaker.REFUSALS)
    let_time_pass()
    assert breaker.admit("ses", 500).admitted == breaker.TRIAL
    assert not breaker.record("ses", ok=0, failed=0, refused="Still.", refusals=breaker.REFUSALS)
    assert breaker.state("ses").state == breaker.PAUSED
    let_time_pass()
    breaker.admit("ses", 500)
    breaker.record("ses", ok=1, failed=0)
    assert breaker.state("ses").state == breaker.CLOSED
    assert breaker.state("ses").why == ""


def test_it_never_stays_open_for_longer_than_the_longest():
    for _ in range(8):
        opened()
        assert breaker.state("ses").wait_ms <= breaker.LONGEST_OPEN_MS
        let_time_pass()
        breaker.admit("ses", 1)


def test_a_shorter_wait_never_shortens_a_longer_one():
    breaker.record("ses", ok=0, failed=0, retry_after_ms=30_000)
    breaker.record("ses", ok=0, failed=0, retry_after_ms=1_000)
    assert breaker.state("ses").wait_ms > 28_000


def test_what_was_not_begun_leaves_a_trial_undecided():
    opened()
    let_time_pass()
    breaker.admit("ses", 500)
    breaker.record("ses", ok=0, failed=0)
    assert breaker.state("ses").state == breaker.HALF_OPEN


def test_failures_take_of_its_share_what_they_are_of_all_and_time_gives_it_back():
    breaker.record("ses", ok=6, failed=4)
    after_a_few = breaker.state("ses").share
    breaker.record("ses", ok=60, failed=40)
    assert 0.6 <= breaker.state("ses").share < after_a_few < 1
    get_redis().hincrby(key("breaker", "ses"), "at", -breaker.RECOVER_MS // 4)
    assert breaker.state("ses").share == pytest.approx(0.85, abs=0.02)
    breaker.record("ses", ok=1_000, failed=0)
    assert breaker.state("ses").share == pytest.approx(0.85, abs=0.02)
