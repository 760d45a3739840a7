"""The token bucket of an account: its rate is kept by all together, bulk comes last, Redis may go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import NamedTuple

import pytest

from delivery import buckets
from foundation.redis import get_redis, key

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture(autouse=True)
def rates(settings) -> None:
    settings.PROVIDER_RATES = {"ses": 1_000, "fcm": 0}


def fill(tokens: float) -> float:
    """The bucket holds so many; when that was (s), by the clock that Redis goes by."""
    at = time.time()
    get_redis().hset(key("bucket", "ses"), mapping={"tokens": tokens, "bulk": tokens, "at": at * 1_000})
    return at


def dripped(since: float) -> float:
    """What has come in by now at 1,000/s."""
    return (time.time() - since) * 1_000 + 1


def test_it_gives_what_it_has_and_says_when_the_next_comes():
    at = fill(100)
    first = buckets.take("ses", "critical", 1_000)
    assert 100 <= first.granted <= 100 + dripped(at)
    assert buckets.take("ses", "critical", 1_000).wait_ms <= 1


def test_all_takers_together_stay_within_the_rate():
    at, taken = fill(0), 0
    while time.time() - at < 0.3:
        taken += buckets.take("ses", "critical", 50).granted
    assert taken <= dripped(at)


def test_bulk_takes_no_more_than_its_share_and_leaves_the_others_theirs():
    fill(1_000)
    assert buckets.take("ses", "bulk", 10_000).granted <= 800
    at = fill(200)
    assert buckets.take("ses", "bulk", 1_000).granted <= dripped(at)  # the reserve stays
    assert buckets.take("ses", "standard", 1_000).granted >= 120
    assert buckets.take("ses", "critical", 1_000).granted >= 40


def test_a_wiped_redis_starts_with_little():
    get_redis().flushdb()
    assert 0 < buckets.take("ses", "standard", 1_000).granted <= 160


def test_a_rate_of_zero_lifts_the_limit():
    assert buckets.take("fcm", "bulk", 100_000) == (100_000, 0)


def test_what_gets_no_token_is_given_a_place_behind_the_others():
    at = time.time()
    first, apart = buckets.postpone("ses", 500)
    behind, _ = buckets.postpone("ses", 500)
    assert (first, apart) == (0, 1.0)
    assert 500 - dripped(at) <= behind <= 500


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def no_redis(self, redis, settings, tmp_path) -> Iterator[None]:
        from foundation import redis as module

        settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
        module.get_redis.cache_clear()
        buckets._scripts.cache_clear()
        buckets._local.cache_clear()
        yield
        module.get_redis.cache_clear()
        buckets._scripts.cache_clear()
        buckets._local.cache_clear()

    def test_each_process_takes_a_small_share(self):
        assert buckets.take("ses", "standard", 1_000).granted <= 1_000 * buckets.LOCAL_SHARE
        assert buckets.postpone("ses", 10)[0] > 0


class Granted(NamedTuple):
    """When it was asked for and had (s), and how many there were."""

    asked: float
    had: float
    count: int


class TestEightWorkersAtOnce:
    """Issue 5, section 3: never exceeded by more than 5 % in any second, and reached to 95 %."""

    RATE, WORKERS, SECONDS = 2_000, 8, 3.0

    @pytest.fixture
    def grants(self, settings) -> list[Granted]:
        """All that was granted, to all of them, on a full bucket and with more to do than it gives."""
        settings.PROVIDER_RATES = {"ses": self.RATE}
        fill(self.RATE)
        ready, given = Barrier(self.WORKERS), [[] for _ in range(self.WORKERS)]
        threads = [Thread(target=self.work, args=(ready, mine)) for mine in given]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(each for mine in given for each in mine)

    def work(self, ready: Barrier, mine: list[Granted]) -> None:
        ready.wait()
        until = time.monotonic() + self.SECONDS
        while (asked := time.monotonic()) < until:
            grant = buckets.take("ses", "standard", 50)
            mine.append(Granted(asked, time.monotonic(), grant.granted))
            time.sleep(min(grant.wait_ms, 50) / 1_000)

    def test_the_rate_is_kept_in_every_second_and_reached(self, grants):
        assert max(self.within_a_second(grants)) <= self.RATE * 1.05
        began = grants[0].asked
        steady = sum(each.count for each in grants if began + 1 <= each.had < began + self.SECONDS - 0.5)
        assert steady >= 0.95 * self.RATE * (self.SECONDS - 1.5)

    @staticmethod
    def within_a_second(grants: list[Granted]) -> Iterator[int]:
        """What was certainly granted within the second that begins with each question: asked and had in it."""
        for place, first in enumerate(grants):
            total, end = 0, first.asked + 1
            for each in grants[place:]:
                if each.asked >= end:
                    break
                total += each.count if each.had <= end else 0
            yield total
