"""`kill -9` of everything, a wiped Redis, under load: nothing is lost, nobody gets it twice (contract §9)."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from tests.chaos.load import Sender
from tests.running import Platform

pytestmark = pytest.mark.chaos

EVENTS = 20_000
DONE_WITHIN_S = 30
VICTIMS = ("web", "bridge", "worker-router", "worker-delivery", "beat", "gateway", "redis")


def settled(platform: Platform, seconds: float) -> dict[str, Any]:
    """Audits until nothing is in flight; the last audit."""
    end = time.monotonic() + seconds
    while True:
        audit = platform.audit("--deep")
        if audit["exit"] == 0 and not audit["in_flight"]:
            return audit
        if time.monotonic() > end:
            raise AssertionError(f"not clean within {seconds} s: {audit}\n{platform.logs()}")


def test_killed_one_after_the_other_nothing_is_lost(platform: Platform, crowd: list[str]):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    fate = random.Random(seed)
    sender = Sender(platform, crowd, total=EVENTS, rate=1500)
    sender.start()
    for number, victim in enumerate(fate.sample(VICTIMS, len(VICTIMS))):
        sender.wait_until(int(EVENTS * (number + fate.random()) / len(VICTIMS)))
        platform.signal(victim)
    accepted = sender.finish()
    audit = settled(platform, DONE_WITHIN_S)
    assert audit["accepted"] >= len(set(accepted)) == EVENTS
