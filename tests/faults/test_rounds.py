"""Who may be kept waiting by a fault, and for whom that is a finding."""

from __future__ import annotations

from tests.faults.events import KINDS, Event
from tests.faults.matrix import KILL, Fault
from tests.faults.rounds import Planned, stalled

CRITICAL = next(kind for kind in KINDS if kind.lane == "critical")
STANDARD = next(kind for kind in KINDS if kind.lane == "standard")
KAFKA = [Planned(20.0, Fault("kafka", KILL))]


def event(kind, *, posted_s: float, tried_s: float) -> Event:
    asked = int(posted_s * 1000)
    answers = [(500, "503 the log is away")]
    return Event(
        serial=1, kind=kind, user="u", channels=("in_app",), keyed=True, asked_at=asked,
        accepted_at=asked + int(tried_s * 1000), id="notif_1", refusals=answers,
    )  # fmt: skip


def of(*events: Event) -> list[str]:
    return stalled([event(STANDARD, posted_s=0, tried_s=0.1), *events], KAFKA)


def test_without_the_log_the_standard_lane_may_wait_and_the_critical_may_not():
    assert of(event(STANDARD, posted_s=21, tried_s=40)) == []
    assert of(event(CRITICAL, posted_s=21, tried_s=40)) == [
        "one of critical had to try for 40.0 s: posted 21 s into the load; 0.5 s 503 the log is away"
    ]


def test_a_fault_excuses_nobody_long_before_or_after_it():
    assert of(event(STANDARD, posted_s=0, tried_s=19)) == []  # not long enough to mind
    assert len(of(event(STANDARD, posted_s=60, tried_s=40))) == 1
    assert of(event(STANDARD, posted_s=0, tried_s=31)) == []
