"""A caller's trace context follows its event through every topic and row, to the outcome and back from a retry."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client

from delivery.providers.sandbox import switches
from foundation.clock import now_ms, to_rfc3339
from notifications import credentials
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.records import HEADER_TRACE
from notifications.topology import CRITICAL, DELIVERY, DLQ, RAW, TOPICS
from tests.pipeline import Pipeline
from tests.running import until
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, later, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "email"], priority="high")
    make_type("code", channels=["email"], priority="critical")
    make_user("usr_42", email="ann@example.com")
    return pipeline


def post(path: str, body: object, trace: str = TRACE) -> object:
    secret, _ = credentials.create_token(name="orders", scopes=["notifications:send", "priority:raise"])
    headers = {"Authorization": f"Bearer {secret}"} | ({"traceparent": trace} if trace else {})
    answer = Client().post(f"/api/v1/notifications{path}", body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    return answer.json()


def event(**more: object) -> dict[str, object]:
    return {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": {"order": "A1"}} | more


def traced() -> dict[str, set[str]]:
    """The trace contexts of each topic's records, "" for a record without."""
    log = get_log()
    return {
        topic: {
            record.headers.get(HEADER_TRACE, "")
            for partition, end in log.end_offsets(topic).items()
            for record in log.read(topic, partition, 0, end)
        }
        for topic in TOPICS
    }


def test_a_trace_goes_all_the_way(people: Pipeline):
    switches.set_mode("ses", "transient")
    id = post("", event())["notification_id"]
    people.run()
    assert set(DueRow.objects.values_list("trace", flat=True)) == {TRACE}
    switches.set_mode("ses", "ok")
    later(people)
    assert outbox(id) == {"ann@example.com": (2, 1)}
    found = traced()
    assert found[RAW] == found["notifications.in_app"] == found["notifications.email"] == found[DLQ] == {TRACE}
    assert found[DELIVERY] >= {TRACE}
    assert_accounted_for()


def test_in_a_call_of_many_and_in_the_critical_lane(people: Pipeline):
    post("/batch", {"notifications": [event(), event(type="code")]})
    people.run()
    assert traced()[RAW] == traced()[CRITICAL] == {TRACE}


def test_a_schedule_keeps_its_trace(people: Pipeline):
    post("", event(schedule_at=to_rfc3339(now_ms() + 3_600_000)))
    people.run()
    assert [row.trace for row in DueRow.objects.all()] == [TRACE]


@pytest.mark.parametrize("trace", ["", "nonsense"])
def test_without_one_nothing_is_carried(people: Pipeline, trace: str):
    post("", event(), trace)
    people.run()
    assert set().union(*traced().values()) == {""}


def failed(caplog) -> list[Any]:
    """The lines that tell of a failed stage."""
    return [record.msg for record in caplog.records if "stage failed" in str(record.msg)]


def test_a_stage_that_fails_names_its_notifications_and_trace(people: Pipeline, monkeypatch, caplog):
    from templates_app import render

    def broken(*args: object) -> None:
        raise RuntimeError("for ann@example.com")

    monkeypatch.setattr("delivery.stages.render.render_all", broken)
    with caplog.at_level(logging.ERROR):
        id = post("", event())["notification_id"]
        until(lambda: people.turns(1) or failed(caplog), 20, "the stage has failed")
        monkeypatch.setattr("delivery.stages.render.render_all", render.render)
        people.run()
    line = failed(caplog)[0]
    told = line if isinstance(line, dict) else json.loads(line)
    assert (told["notifications"], told["traces"]) == ([id], [TRACE[3:35]])
    assert "ann@" not in str(told)
