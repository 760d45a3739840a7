"""MySQL killed under running processes, and all of ours restarted meanwhile (contract §9, "MySQL down")."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.chaos.conftest import NO_LIMITS
from tests.chaos.load import make_crowd
from tests.chaos.settling import settled
from tests.mysql_server import MySqlServer, mysql_server
from tests.running import Platform, until

__all__ = ["mysql_server"]

pytestmark = [pytest.mark.chaos, pytest.mark.stack]

KNOWN = 20
OURS = ("web", "gateway", "bridge", "worker-router", "worker-delivery", "beat")


@pytest.fixture(scope="module")
def platform(mysql_server: MySqlServer) -> Iterator[Platform]:
    running = Platform({**NO_LIMITS, "DATABASE_URL": mysql_server.create("np_down")}).start()
    yield running
    running.stop()


def send(platform: Platform, users: list[str]) -> list[str]:
    """One for each; their ids. Web may be starting."""
    bodies = [
        {"type": "order_shipped", "target": {"type": "user", "user_id": user}, "channels": ["in_app", "email"],
         "data": {"order_id": "o1", "tracking_number": "T1", "carrier": "UPS"}}
        for user in users
    ]  # fmt: skip
    with platform.client() as client:
        answer = until(lambda: _posted(client, bodies), 30, "accepted")
    return [result["notification_id"] for result in answer["results"]]


def _posted(client, bodies: list[dict]):
    try:
        answer = client.post("/notifications/batch", json={"notifications": bodies})
    except Exception:
        return None
    return answer.json() if answer.status_code == 202 else None


def sent(platform: Platform, ids: list[str]) -> int:
    """How many of them were sent by email."""
    with platform.client() as client:
        statuses = [client.get(f"/notifications/{id}").json() for id in ids]
    return sum(told.get("channels", {}).get("email", {}).get("status") == "sent" for told in statuses)


def test_cached_ones_go_on_also_in_processes_started_then_and_the_rest_when_it_is_back(
    platform: Platform, mysql_server: MySqlServer
):
    users = make_crowd(platform, KNOWN + 5)
    known, unknown = users[:KNOWN], users[KNOWN:]
    first = [*send(platform, known), *send(platform, known)]
    until(lambda: sent(platform, first) == len(first), 30, "everything used once")

    mysql_server.kill()
    alive = [*send(platform, known), *send(platform, unknown)]
    until(lambda: sent(platform, alive[:KNOWN]) == KNOWN, 20, "cached users while MySQL is down")
    before = platform.pids()
    platform.signal(OURS)
    until(lambda: all(platform.pids().get(name) not in (None, before[name]) for name in OURS), 20, "restarted")
    anew = [*send(platform, known), *send(platform, unknown)]
    until(lambda: sent(platform, anew[:KNOWN]) == KNOWN, 40, "cached users in processes started while MySQL is down")
    waiting = [*alive[KNOWN:], *anew[KNOWN:]]
    assert sent(platform, waiting) == 0

    mysql_server.start()
    back = time.monotonic()
    until(lambda: sent(platform, waiting) == len(waiting), 30, "the rest")
    print(f"the rest {time.monotonic() - back:.1f} s after MySQL")
    settled(platform)


def test_a_mysql_that_hangs_holds_nothing_up_for_longer_than_a_batch(platform: Platform, mysql_server: MySqlServer):
    users = [f"crowd_{number}" for number in range(KNOWN)]
    mysql_server.pause()
    try:
        began = time.monotonic()
        ids = send(platform, users)
        accepted = time.monotonic() - began
        until(lambda: sent(platform, ids) == KNOWN, 30, "cached users while MySQL hangs")
        print(f"accepted after {accepted:.1f} s, sent after {time.monotonic() - began:.1f} s")
        assert accepted < 10
    finally:
        mysql_server.go_on()
    settled(platform)
