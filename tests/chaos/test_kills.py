"""`kill -9` of everything, a wiped Redis, under load: nothing is lost, nobody gets it twice (contract §9)."""

from __future__ import annotations

import random
import time

import pytest

from tests.chaos.load import Sender
from tests.chaos.settling import settled
from tests.running import Platform

pytestmark = pytest.mark.chaos

EVENTS = 12_000
VICTIMS = ("web", "bridge", "worker-router", "worker-delivery", "beat", "gateway", "redis")


def drawn() -> random.Random:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return random.Random(seed)


def test_killed_one_after_the_other_nothing_is_lost(platform: Platform, crowd: list[str]):
    fate = drawn()
    before = platform.pids()
    sender = Sender(platform, crowd, total=EVENTS, rate=800)
    sender.start()
    for number, victim in enumerate(fate.sample(VICTIMS, len(VICTIMS))):
        sender.wait_until(int(EVENTS * (number + fate.random()) / len(VICTIMS)))
        platform.signal(victim)
    killed_last = time.monotonic()
    accepted = sender.finish()
    audit = settled(platform, since=killed_last)
    assert len(set(accepted)) == EVENTS
    assert audit["accepted"] >= EVENTS
    after = platform.pids()
    assert all(after[victim] != before[victim] for victim in VICTIMS)


def test_a_wiped_redis_costs_seconds_and_nothing_else(platform: Platform, crowd: list[str]):
    fate = drawn()
    sender = Sender(platform, crowd, total=6_000, rate=800, name="wiped")
    sender.start()
    for share in (0.25, 0.6):
        sender.wait_until(int(6_000 * (share + fate.random() / 10)))
        platform.wipe_redis()
    accepted = sender.finish()
    settled(platform)
    assert len(set(accepted)) == 6_000


def test_with_everything_stopped_accepting_goes_on_and_the_backlog_drains_in_order(
    platform: Platform, crowd: list[str]
):
    stopped = ("bridge", "worker-router", "worker-delivery", "beat")
    platform.stop_programs(*stopped)
    sender = Sender(platform, crowd, total=5_000, rate=5_000, name="backlog")
    sender.start()
    accepted = sender.finish()
    assert platform.audit()["in_flight"]
    platform.start_programs(*stopped)
    settled(platform)
    assert_in_order(platform, crowd, set(accepted))


def assert_in_order(platform: Platform, crowd: list[str], accepted: set[str]) -> None:
    """Every inbox holds its notifications once, and in the order in which they were accepted."""
    with platform.client("ADMIN_TOKEN") as client:
        for user in crowd:
            ids: list[str] = []
            cursor = None
            while True:
                query = {"limit": 100} | ({"cursor": cursor} if cursor else {})
                page = client.get(f"/users/{user}/notifications", params=query).raise_for_status().json()
                ids += [entry["id"] for entry in page["notifications"]]
                cursor = page["cursor"]
                if cursor is None:
                    break
            assert len(ids) == len(set(ids))
            mine = [each for each in ids if each in accepted]
            assert mine == sorted(mine, reverse=True)
