"""Servers that are full or stopped: nothing accepted is lost, and it goes on where it was (contract §9)."""

from __future__ import annotations

import pytest

from notifications.log import get_log
from tests import engines
from tests.notifications.api.calling import Caller, assert_problem
from tests.pipeline import Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

FEW_BYTES = 400 * 1024


def body(n: int, size: int = 10) -> dict:
    data = {"order": f"A{n}", "note": "x" * size}
    return {"type": "order_shipped", "target": {"type": "user", "user_id": f"usr_{n % 7}"}, "data": data}


@pytest.fixture
def small_disk(settings) -> None:
    if engines.STACK:
        pytest.skip("of the embedded log: a broker's disk is bounded by retention and watched")
    settings.LOG_OPTIONS = settings.LOG_OPTIONS | {"max_bytes": FEW_BYTES, "handover_s": 1}


def test_a_full_disk_refuses_and_loses_nothing(small_disk: None, pipeline: Pipeline, settings):
    make_type("order_shipped", channels=["in_app", "email"], priority="normal")
    for n in range(7):
        make_user(f"usr_{n}", email=f"u{n}@example.com")
    service, taken = Caller("notifications:send", "notifications:read"), []
    while (answer := service.post("notifications", body(len(taken), 20_000))).status_code == 202:
        taken.append(answer.json()["notification_id"])
    assert taken
    assert_problem(answer, 503)
    assert int(answer["Retry-After"]) > 0
    for _ in range(60):  # what is on the log is tried, but nothing of it can be written down
        pipeline.bridge.turn()

    pipeline.close()
    get_log().close()
    settings.LOG_OPTIONS = settings.LOG_OPTIONS | {"max_bytes": 0}
    get_log.cache_clear()
    with_room = Pipeline()
    last = service.post("notifications", body(0))
    assert last.status_code == 202
    with_room.run()
    with_room.close()
    taken.append(last.json()["notification_id"])
    assert sorted(id for n in range(7) for id in inbox(f"usr_{n}")) == sorted(taken)
    assert {count for id in taken for _, count in outbox(id).values()} == {1}
    assert_accounted_for()


def test_everything_stopped_accepting_goes_on_and_the_backlog_drains_in_order(pipeline: Pipeline):
    make_type("order_shipped", channels=["in_app"], priority="normal")
    service, ids = Caller("notifications:send", "notifications:read"), []
    for call in range(3):
        bodies = [body(n) for n in range(call * 70, call * 70 + 70)]
        answer = service.post("notifications/batch", {"notifications": bodies})
        assert answer.status_code == 202
        ids += [(n % 7, each["notification_id"]) for n, each in enumerate(answer.json()["results"])]
    assert service.get(f"notifications/{ids[-1][1]}").json()["status"] == "accepted"
    pipeline.run()
    for user in range(7):
        assert inbox(f"usr_{user}") == [id for its, id in reversed(ids) if its == user]
    assert_accounted_for()
