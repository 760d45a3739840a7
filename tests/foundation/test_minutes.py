"""What happened in each minute: gathered in the process, written in one call, a few ids kept beside each count."""

from __future__ import annotations

from collections import Counter

import pytest

from foundation import minutes
from foundation.clock import now_ms
from foundation.redis import get_redis

pytestmark = pytest.mark.usefixtures("redis")
AT = 29_000_000 * minutes.MINUTE_MS
MINUTE = minutes.minute_of(AT)
SENT, DROPPED = ("told", "email", "sent"), ("told", "sms", "dropped")


@pytest.fixture(autouse=True)
def nothing_gathered():
    minutes.flush()
    get_redis().flushdb()


def test_counts_of_several_processes_add_up_minute_by_minute():
    minutes.add(Counter({SENT: 3}), at=AT)
    minutes.flush()
    minutes.add(Counter({SENT: 2, DROPPED: 1}), at=AT)
    minutes.add(Counter({SENT: 7}), at=AT + minutes.MINUTE_MS)
    minutes.flush()
    assert minutes.read([MINUTE, MINUTE + 1, MINUTE + 2]) == {
        MINUTE: {SENT: 5, DROPPED: 1},
        MINUTE + 1: {SENT: 7},
        MINUTE + 2: {},
    }


def test_a_thousand_counts_cost_one_call(redis):
    for _ in range(1_000):
        minutes.add(Counter({SENT: 1}), at=AT)
    before = redis.info("commandstats").get("cmdstat_hincrby", {"calls": 0})["calls"]
    minutes.flush()
    assert redis.info("commandstats")["cmdstat_hincrby"]["calls"] == before + 1


def test_the_first_ids_are_kept_and_no_more():
    minutes.sample(((SENT, f"notif_{n}") for n in range(100)), at=AT)
    minutes.sample([(DROPPED, "notif_x")], at=AT)
    minutes.flush()
    found = minutes.sampled(MINUTE, [SENT, DROPPED])
    assert found == {SENT: [f"notif_{n}" for n in range(minutes.SAMPLE)], DROPPED: ["notif_x"]}


def test_they_leave_by_themselves(redis):
    minutes.add(Counter({SENT: 1}), at=AT)
    minutes.sample([(SENT, "notif_1")], at=AT)
    minutes.flush()
    assert [0 < redis.ttl(name) <= minutes.KEPT_MINUTES * 60 for name in redis.keys("*minute*")] == [True, True]


def test_what_a_redis_that_is_away_could_not_take_comes_with_the_next_one(monkeypatch):
    now = now_ms()
    minutes.add(Counter({SENT: 4}), at=now)
    with monkeypatch.context() as away:
        away.setattr("foundation.minutes.get_redis", _away)
        minutes.flush()
    minutes.flush()
    assert minutes.read([minutes.minute_of(now)]) == {minutes.minute_of(now): {SENT: 4}}


def _away():
    import redis

    return redis.Redis(port=1, socket_connect_timeout=0.2)
