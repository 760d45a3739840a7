"""The harness recognises a broken promise: each check fails where it should, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.events import KINDS, Event
from tests.faults.verdict import Evidence, InboxEntry, Sent, judge, missing, out_of_order
from tests.faults.watching import Shown

HIGH, NORMAL = KINDS[0], KINDS[1]


def event(serial: int = 1, *, kind=HIGH, keyed: bool = True) -> Event:
    return Event(
        serial=serial,
        kind=kind,
        user="ann",
        channels=("in_app", "push"),
        keyed=keyed,
        asked_at=900,
        accepted_at=1_000,
        id=f"n{serial}",
    )


def entry(serial: int = 1, id: str = "", user: str = "ann") -> InboxEntry:
    return InboxEntry(user, id or f"n{serial}", serial)


def push(serial: int = 1, received: int = 1) -> Sent:
    return Sent(f"n{serial}", "push", received, 3_500)


def shown(serial: int = 1, *, again: bool = False) -> Shown:
    return Shown(f"n{serial}", serial, 1, 2_000, again)


WELL = Evidence(events=[event()], inboxes=[entry()], sends=[push()], shown={"ann": [shown()]})


def test_what_arrived_everywhere_is_well():
    verdict = judge(WELL)
    assert verdict.kept
    assert (verdict.accepted, verdict.outcomes, verdict.unshown) == (1, 2, 0)
    assert verdict.longest == {"push": 2.5, "socket": 1.0}
    assert verdict.slowest == {"push": "n1", "socket": "n1"}
    assert not missing(WELL.events, WELL.inboxes, WELL.sends)


def told(channel: str, status: str) -> dict[str, dict[str, str]]:
    return {"n1": {channel: status}}


DROPPED = told("in_app", "dropped")
LOST = {
    "not in the inbox": replace(WELL, inboxes=[]),
    "in the inbox of another": replace(WELL, inboxes=[entry(user="bob")]),
    "never sent": replace(WELL, sends=[]),
    "sent on another channel": replace(WELL, sends=[replace(push(), channel="sms")]),
    "parked although it goes out again": replace(WELL, sends=[], statuses=told("push", "parked")),
    "dropped for no reason": replace(WELL, events=[event(keyed=False)], inboxes=[], statuses=DROPPED),
    "dropped as a repeat of what isn't there": replace(WELL, inboxes=[], statuses=DROPPED),
    "said to be sent, and not there": replace(WELL, inboxes=[], statuses=told("in_app", "sent")),
}


@pytest.mark.parametrize("why", LOST)
def test_what_is_lost_is_recognised(why: str):
    broken = LOST[why]
    verdict = judge(broken)
    assert verdict.lost, why
    assert not verdict.kept
    assert missing(broken.events, broken.inboxes, broken.sends) or broken.inboxes


@pytest.mark.parametrize(
    ("why", "broken"),
    [
        ("one id twice in an inbox", replace(WELL, inboxes=[entry(), entry()])),
        ("one keyed event under two ids", replace(WELL, inboxes=[entry(), entry(id="n99")])),
        ("also in the inbox of another", replace(WELL, inboxes=[entry(), entry(user="bob")])),
        ("twice on one connection", replace(WELL, shown={"ann": [shown(), shown(again=True)]})),
        ("a normal one sent twice", replace(WELL, events=[event(kind=NORMAL)], sends=[push(received=2)])),
    ],
)
def test_what_is_doubled_is_recognised(why: str, broken: Evidence):
    verdict = judge(broken)
    assert verdict.doubled, why
    assert not verdict.kept


def test_in_doubt_a_high_one_may_be_sent_again_and_a_normal_one_parked():
    again = judge(replace(WELL, sends=[push(received=2)]))
    assert again.kept
    assert again.sent_again_in_doubt == 1
    parked = judge(replace(WELL, events=[event(kind=NORMAL)], sends=[], statuses={"n1": {"push": "parked"}}))
    assert parked.kept
    assert parked.parked_in_doubt == 1


def test_two_ids_of_an_event_without_a_key_are_two_events():
    assert judge(replace(WELL, events=[event(keyed=False)], inboxes=[entry(), entry(id="n99")])).kept


def test_a_repeat_that_slipped_through_and_was_caught_is_no_loss():
    second = replace(WELL, inboxes=[entry(id="n0")], statuses={"n1": {"in_app": "dropped", "push": "dropped"}})
    assert judge(second).kept


def test_what_a_connected_user_never_saw_is_counted():
    assert judge(replace(WELL, shown={"ann": []})).unshown == 1


def test_who_saw_it_on_two_connections_saw_it_once():
    assert judge(replace(WELL, shown={"ann": [shown(), replace(shown(), session=2)]})).kept


def test_order_is_what_a_service_could_know():
    first, second = event(1), replace(event(2), asked_at=1_001, accepted_at=1_100)
    at_once = replace(event(3), asked_at=950, accepted_at=1_050)
    assert out_of_order([first, at_once, second]) == out_of_order([at_once, first, second]) == 0
    assert out_of_order([second, first]) == 1
    assert out_of_order([replace(second, kind=KINDS[2]), first]) == 0  # of another lane
