"""The live ledger: always balanced, and a refresh reads only what is new."""

from __future__ import annotations

import pytest

from delivery import ledger as ledger_module
from delivery.ledger import Counts, Ledger
from tests.delivery.on_log import accepted, empty_log, passed, told  # noqa: F401  a fixture among them
from tests.delivery.reports_of import decision, outcome, verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_log")]


@pytest.fixture
def ledger():
    ledger = Ledger()
    yield ledger
    ledger.close()


def balanced(counts: Counts) -> bool:
    columns = counts.delivered + counts.dropped + counts.parked + counts.in_flight + counts.unaccounted
    return counts.accepted == columns


def test_it_follows_a_notification_to_its_outcome(ledger: Ledger):
    one, two, three = accepted(), accepted(), accepted()
    counts = ledger.refresh()
    assert (counts.accepted, counts.in_flight) == (3, 3)
    told(
        decision(one, verdict("in_app"), verdict("sms", "drop", reason="opted_out")),
        decision(two, verdict("push")),
        decision(three, verdict("sms", "drop", reason="no_address")),
        outcome(one, "in_app"),
    )
    counts = ledger.refresh()
    assert balanced(counts)
    assert (counts.delivered, counts.dropped, counts.in_flight) == (1, 1, 1)
    told(outcome(two, "push", "failed"), outcome(two, "push", "parked", send="", reason="exhausted"))
    counts = ledger.refresh()
    assert balanced(counts)
    assert (counts.delivered, counts.dropped, counts.parked, counts.in_flight) == (1, 1, 1, 0)
    assert counts.deliveries == {"delivered": 1, "dropped": 2, "parked": 1, "in_flight": 0}
    assert ("push", "parked", "exhausted", 1) in [(r.channel, r.status, r.reason, r.count) for r in counts.reasons]


def test_what_comes_again_counts_once(ledger: Ledger):
    id = accepted()
    told(decision(id, verdict("push")), outcome(id, "push"))
    ledger.refresh()
    accepted(id, resumed="replay", only=["push"])
    told(decision(id, verdict("push")), outcome(id, "push"))
    counts = ledger.refresh()
    assert (counts.accepted, counts.delivered) == (1, 1)


def test_a_long_log_is_read_a_piece_at_a_time(ledger: Ledger):
    ids = [accepted() for _ in range(30)]
    told(*(decision(id, verdict("push")) for id in ids), *(outcome(id, "push") for id in ids))
    seen = [ledger.refresh(most=10)]
    while seen[-1].behind:
        seen.append(ledger.refresh(most=10))
    assert len(seen) > 3
    assert all(balanced(counts) for counts in seen)
    assert (seen[-1].accepted, seen[-1].delivered) == (30, 30)


def test_what_is_nowhere_is_unaccounted_at_the_second_look(ledger: Ledger, monkeypatch):
    monkeypatch.setattr(ledger_module, "SILENT_MS", -1)
    monkeypatch.setattr(ledger_module, "LOOK_EVERY_MS", 0)
    waiting = accepted()
    assert ledger.refresh().unaccounted == ledger.refresh().unaccounted == 0
    passed("notifications.raw")
    assert [ledger.refresh().unaccounted for _ in range(2)] == [0, 1]
    told(decision(waiting, verdict("push")), outcome(waiting, "push"))
    counts = ledger.refresh()
    assert (counts.delivered, counts.unaccounted) == (1, 0)
    assert balanced(counts)
