"""The summary of past deliveries: what segments ask, written by the tracker for next to nothing an event."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from delivery import summary
from delivery.summary import DAY_MS, Recent, Summary
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable
from notifications.records import ChannelDecision, Decision, Event, Outcome, Receipt, Recipient, Report
from notifications.store import get_store
from notifications.store.port import Details
from preferences import delivery_facts
from preferences.models import DeliverySummary

pytestmark = pytest.mark.django_db(databases=["default", "store"])

TODAY = datetime.now(UTC).date()


def decided(id: str, user: str, type: str = "spring_sale") -> Decision:
    event = Event(
        lane="bulk",
        priority="low",
        recipients=[Recipient(id, user)],
        type=type,
        data={},
        now=now_ms(),
        accepted_at=now_ms(),
    )
    told = ChannelDecision(channel="email", verdict="send", sends=["s"])
    return Decision(id=id, user=user, event=event, channels=[told], at=now_ms())


def sent(id: str, user: str, *, status: str = "sent", days_ago: int = 0) -> Outcome:
    return Outcome(id=id, user=user, channel="email", status=status, send="s", at=now_ms() - days_ago * DAY_MS)


def told(id: str, user: str, status: str, *, days_ago: int = 0) -> Receipt:
    return Receipt(id=id, user=user, channel="email", status=status, send="s", at=now_ms() - days_ago * DAY_MS)


def rows() -> dict[tuple[str, str], tuple[date | None, ...]]:
    found = DeliverySummary.objects.values_list("user", "type", "sent_on", "engaged_on", "failed_on")
    return {(user, type): tuple(days) for user, type, *days in found}


def test_a_row_a_user_and_type_holds_the_last_day_of_each_fact():
    reports: list[Report] = [
        decided("n1", "ann"),
        sent("n1", "ann"),
        told("n1", "ann", "opened"),
        decided("n2", "ben", "weekly"),
        sent("n2", "ben"),
        told("n2", "ben", "bounced"),
        decided("n3", "cleo"),
        sent("n3", "cleo", status="dropped"),
    ]

    Summary().note(reports)

    assert rows() == {("ann", "spring_sale"): (TODAY, TODAY, None), ("ben", "weekly"): (TODAY, None, TODAY)}


def test_the_same_fact_on_the_same_day_is_written_once(django_assert_num_queries):
    kept = Summary()
    assert kept.note([decided("n1", "ann"), sent("n1", "ann")]) == 1

    with django_assert_num_queries(0):
        assert kept.note([decided("n2", "ann"), sent("n2", "ann"), sent("n1", "ann")]) == 0


def test_a_batch_is_one_upsert_a_fact(django_assert_max_num_queries):
    reports = [each for n in range(200) for each in (decided(f"n{n}", f"u{n}"), sent(f"n{n}", f"u{n}"))]

    with django_assert_max_num_queries(3):
        assert Summary().note(reports) == 200


def test_what_is_told_late_does_not_set_back_what_was_told_since():
    Summary().note([decided("n1", "ann"), sent("n1", "ann")])

    Summary().note([decided("n0", "ann"), sent("n0", "ann", days_ago=3), told("n0", "ann", "opened", days_ago=2)])

    assert rows()["ann", "spring_sale"] == (TODAY, TODAY - timedelta(days=2), None)


def test_a_receipt_whose_decision_this_process_did_not_see_finds_its_type_in_the_store():
    get_store().record([], [Details(decision=decided("n1", "ann"))])

    Summary().note([told("n1", "ann", "clicked"), told("n9", "nobody", "clicked")])

    assert rows() == {("ann", "spring_sale"): (TODAY, TODAY, None)}


def test_with_the_control_plane_away_facts_wait_and_the_tracker_goes_on(monkeypatch):
    kept = Summary()

    def away(*_: Any, **__: Any) -> None:
        raise ControlPlaneUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(delivery_facts, "write", away)
        assert kept.note([decided("n1", "ann"), sent("n1", "ann")]) == 0
    assert kept.note([decided("n2", "ben"), sent("n2", "ben")]) == 0, "not asked again at once"

    kept._away_until = 0.0
    kept.note([decided("n3", "cleo"), sent("n3", "cleo")])

    assert {user for user, _ in rows()} == {"ann", "ben", "cleo"}


def test_it_can_be_switched_off(settings, monkeypatch):
    monkeypatch.setattr(summary, "_summary", Summary())
    settings.SUM_UP_DELIVERIES = False
    summary.note([decided("n1", "ann"), sent("n1", "ann")])
    assert rows() == {}

    settings.SUM_UP_DELIVERIES = True
    summary.note([decided("n1", "ann"), sent("n1", "ann")])
    assert len(rows()) == 1
    assert django_settings.SUM_UP_DELIVERIES


def test_what_is_remembered_is_bounded():
    memory: Recent[int, int] = Recent(10)
    for n in range(1_000):
        memory.put(n, n)

    assert len(memory) + len(memory._elder) <= 20
    assert memory.look(999) == 999
    assert memory.look(1) is None
