"""A broadcast to the demo's town while everything on its way is killed (contract §7).

To the 10,000 in town who read German, so that it takes about a minute; WHOLE_TOWN=1 sends it to all 100,000.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from demo import town
from tests.chaos.settling import settled
from tests.running import Platform

pytestmark = pytest.mark.chaos

VICTIMS = ("worker-bulk", "expander", "bridge-bulk", "web", "worker-delivery", "redis")
PATIENCE_S = 300
WHOLE = bool(os.environ.get("WHOLE_TOWN"))
# Every tenth in town reads German (demo/town.py). Slow enough that it still runs when web is back.
PEOPLE, RATE, SEGMENT = (town.PEOPLE, 4_000, town.SEGMENT) if WHOLE else (town.PEOPLE // 10, 250, "german_town")
STEP = 970  # of the people whose inboxes are looked at: all of them read German
MAKE_SEGMENT = (
    "from preferences.models import Segment; "
    f"Segment.objects.create(name='{SEGMENT}', condition={{'attributes': {{'home': 'town'}}, 'locales': ['de']}})"
)
BODY = {
    "type": "platform_announcement",
    "target": {"type": "segment", "segment": SEGMENT},
    "data": {"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
    "channels": ["in_app"],
    "throttle": {"rate": RATE, "strategy": "round_robin"},
}


class Announcement:
    """One broadcast, asked about and steered over REST; a web that was killed is asked again."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.id = self._ask("post", "/notifications/broadcast", json=BODY, headers={"Idempotency-Key": "town"})[
            "broadcast_id"
        ]

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while True:
            with suppress(httpx.TransportError), self.platform.client("ADMIN_TOKEN") as client:
                answer = client.request(method, path, **options)
                if answer.is_success:
                    found: dict[str, Any] = answer.json()
                    return found
            assert time.monotonic() < until, path
            time.sleep(0.5)

    def now(self) -> dict[str, Any]:
        return self._ask("get", f"/broadcasts/{self.id}")

    def steer(self, what: str, **body: Any) -> None:
        self._ask("post", f"/broadcasts/{self.id}/{what}", json=body)

    def until(self, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE_S
        while not met(found := self.now()):
            assert time.monotonic() < ends, found
            time.sleep(0.3)
        return found


def test_whatever_is_killed_everybody_has_it_once_and_the_ledger_proves_it(platform: Platform):
    if not WHOLE:
        platform.manage("shell", "-c", MAKE_SEGMENT)
    air = Announcement(platform)
    for number, victim in enumerate(VICTIMS):
        air.until(lambda found, number=number: found["expanded"] >= PEOPLE * number // (len(VICTIMS) + 2))
        platform.signal(victim)
    air.steer("pause")
    held = air.now()["expanded"]
    time.sleep(2)
    assert air.now()["expanded"] <= held + RATE // 2  # the round that was under way
    air.steer("rate", rate=0)
    air.steer("resume")
    end = air.until(lambda found: found["settled"])
    in_app = end["ledger"]["in_app"]
    assert (end["recipients"], end["expanded"], in_app["sent"]) == (PEOPLE, PEOPLE, PEOPLE)
    assert (in_app["not_yet"], in_app["failed"], in_app["dropped"]) == (0, 0, {})
    audit = settled(platform, since=time.monotonic())
    assert audit["accepted"] >= PEOPLE
    with platform.client("ADMIN_TOKEN") as client:
        for number in range(0, town.PEOPLE, STEP):
            page = client.get(f"/users/town_{number:05d}/notifications").raise_for_status().json()
            assert (len(page["notifications"]), page["unread_count"]) == (1, 1)
