"""The table of a broadcast's states: what leads where, and what is refused in words."""

from __future__ import annotations

import pytest

from foundation.errors import Conflict
from notifications.broadcasts import states


def test_the_usual_way_of_a_large_one():
    state = states.DRAFT
    for action in (states.PROPOSE, states.APPROVE, states.START, states.PAUSE, states.RESUME, states.FINISH):
        state = states.after(state, action)
    assert state == states.FINISHED


def test_a_canary_is_held_and_halts_or_goes_on():
    held = states.after(states.RUNNING, states.HOLD)
    assert states.after(held, states.PASS) == states.RUNNING
    assert states.after(states.after(held, states.HALT), states.RESUME) == states.RUNNING


@pytest.mark.parametrize(("state", "action"), [("paused", "pause"), ("running", "resume"), ("cancelled", "cancel")])
def test_pressed_twice_changes_nothing(state, action):
    assert states.after(state, action) == state


@pytest.mark.parametrize("state", sorted(states.OVER))
@pytest.mark.parametrize("action", ["pause", "resume", "approve", "rate", "finish"])
def test_nothing_wakes_what_is_over(state, action):
    with pytest.raises(Conflict, match=state):
        states.after(state, action)


def test_a_refusal_says_what_can_be_done():
    with pytest.raises(Conflict) as refused:
        states.after(states.SCHEDULED, states.PAUSE)
    assert "cancelled" in refused.value.remedy


def test_every_state_but_the_last_two_can_be_left_by_cancelling():
    assert {state for state in states.STATES if states.can(state, states.CANCEL)} == set(states.STATES) - states.OVER
