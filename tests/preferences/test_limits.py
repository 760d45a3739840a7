"""Sliding windows that count notification ids (contract §4)."""

from __future__ import annotations

import pytest
import redis as library
from redis.backoff import NoBackoff
from redis.retry import Retry

from preferences.limits import REPEAT_MS, LimitEntry, count
from tests.preferences.factories import NOON

HOUR = 3_600_000
pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture(autouse=True)
def _small_figures(settings):
    settings.PER_USER_LIMITS = {"push": (3, 3600), "email_marketing": (1, 86_400)}


def push(number: int, now: int = NOON, user: str = "usr_ann") -> LimitEntry:
    return LimitEntry(user, "push", f"notif_{number}", now)


def test_the_window_takes_its_count_and_no_more():
    assert count([push(number) for number in range(5)]) == [True, True, True, False, False]


def test_users_and_limits_have_windows_of_their_own():
    entries = [push(1), push(2), push(3), push(4, user="usr_ben"), LimitEntry("usr_ann", "email_marketing", "n", NOON)]

    assert all(count(entries))


def test_the_same_notification_never_counts_twice():
    batch = [push(number) for number in range(5)]

    assert count(batch) == count(batch) == [True, True, True, False, False]
    assert [count([entry]) for entry in batch] == [[True], [True], [True], [False], [False]]


def test_the_window_slides_by_the_records_own_time():
    count([push(1, NOON), push(2, NOON + HOUR // 2), push(3, NOON + HOUR // 2)])

    assert count([push(4, NOON + HOUR - 1)]) == [False]
    assert count([push(5, NOON + HOUR)]) == [True]
    assert count([push(6, NOON + HOUR + 1)]) == [False]


def test_a_repeat_gets_the_same_answer_although_time_went_on():
    count([push(number) for number in range(3)])
    refused = push(9, NOON + HOUR - 1)
    assert count([refused]) == [False]

    count([push(10, NOON + HOUR + 1000)])

    assert count([refused]) == [False]


def test_what_counts_to_no_limit_passes_and_keeps_positions():
    entries = [LimitEntry("usr_ann", "", "notif_0", NOON), *[push(number) for number in range(4)]]

    assert count(entries) == [True, True, True, True, False]
    assert count([LimitEntry("usr_ann", "", "notif_0", NOON)]) == [True]


def test_windows_are_forgotten_by_themselves(redis):
    count([push(1)])

    assert 0 < redis.pttl("np:limit:push:usr_ann") <= HOUR + REPEAT_MS


def test_it_survives_a_forgotten_script(redis):
    count([push(1)])
    redis.script_flush()

    assert count([push(1)]) == [True]


def test_redis_away_lets_all_through(settings, monkeypatch):
    from preferences import limits

    nowhere = library.Redis(unix_socket_path="/nowhere/redis.sock", retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(limits, "get_redis", lambda: nowhere)

    assert all(count([push(number) for number in range(9)]))
