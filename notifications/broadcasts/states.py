"""The one table of a broadcast's states (contract §7). Pure.

    draft ─ propose ─► waiting ─ approve ─► scheduled ─ start ─► running ⇄ paused
      └───────────────── approve ─────────────┘                    │ ⇅ hold: the canary is looked at
                                                    halted ◄───────┤
                              cancelled ◄── (any but the last) ────┴─► finished

A draft can be changed by its author; from `waiting` on nothing of what goes out changes. `approve` on a draft is its
author's own start of one that needs no second person. `halted` is what a canary ends in; a person may resume it.
"""

from __future__ import annotations

from foundation.errors import Conflict

DRAFT, WAITING, SCHEDULED, RUNNING = "draft", "waiting", "scheduled", "running"
PAUSED, HELD, HALTED = "paused", "held", "halted"
FINISHED, CANCELLED = "finished", "cancelled"
STATES = (DRAFT, WAITING, SCHEDULED, RUNNING, PAUSED, HELD, HALTED, FINISHED, CANCELLED)
OVER = frozenset({FINISHED, CANCELLED})
STARTED = frozenset({RUNNING, PAUSED, HELD, HALTED, FINISHED})

PROPOSE, APPROVE, REFUSE, START = "propose", "approve", "refuse", "start"
PAUSE, RESUME, CANCEL, RATE = "pause", "resume", "cancel", "rate"
HOLD, PASS, HALT, FINISH = "hold", "pass", "halt", "finish"

TRANSITIONS: dict[tuple[str, str], str] = {
    (DRAFT, PROPOSE): WAITING,
    (DRAFT, APPROVE): SCHEDULED,
    (WAITING, APPROVE): SCHEDULED,
    (WAITING, REFUSE): DRAFT,
    (SCHEDULED, START): RUNNING,
    (RUNNING, PAUSE): PAUSED,
    (HELD, PAUSE): PAUSED,
    (PAUSED, RESUME): RUNNING,
    (HALTED, RESUME): RUNNING,
    (HELD, RESUME): RUNNING,
    (RUNNING, HOLD): HELD,
    (HELD, PASS): RUNNING,
    (HELD, HALT): HALTED,
    (RUNNING, FINISH): FINISHED,
    **{(state, CANCEL): CANCELLED for state in STATES if state not in OVER},
    **{(state, RATE): state for state in STATES if state not in OVER},
}

# Asked again, these change nothing: two people pressing the same button have both had their way.
_THERE = {PAUSE: PAUSED, RESUME: RUNNING, CANCEL: CANCELLED, START: RUNNING}


def after(state: str, action: str) -> str:
    """The state that `action` leads to. Raises Conflict, in words, where it can't be done."""
    if _THERE.get(action) == state:
        return state
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Conflict(
            f"The broadcast is {state}; it can't be {_DONE[action]}.", field="state", remedy=_remedy(state)
        ) from None


def can(state: str, action: str) -> bool:
    """Whether `action` would change something."""
    return (state, action) in TRANSITIONS


_DONE = {
    PROPOSE: "proposed",
    APPROVE: "approved",
    REFUSE: "sent back",
    START: "started",
    PAUSE: "paused",
    RESUME: "resumed",
    CANCEL: "cancelled",
    RATE: "given another rate",
    HOLD: "held",
    PASS: "let on",
    HALT: "halted",
    FINISH: "finished",
}


def _remedy(state: str) -> str:
    if state in OVER:
        return "It is over: make a new one, or a copy of it."
    possible = [word for action, word in _DONE.items() if (state, action) in TRANSITIONS]
    return f"Now it can be {', '.join(possible)}."
