"""A round: faults at their moments under load, then everything settles and is judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from foundation.clock import now_ms, to_rfc3339
from tests.chaos.settling import in_flight
from tests.faults.arena import Arena
from tests.faults.events import Event
from tests.faults.load import Load
from tests.faults.matrix import Fault
from tests.faults.verdict import NAMED, Evidence, Verdict, judge, missing
from tests.faults.watching import Watchers

SETTLED_WITHIN_S = 90.0  # the contract's figure is 30 s; what was needed is printed, machines differ
CLOCKS_DIFFER_MS = 2_000
TELL_EACH_S = 10.0
COMING_BACK_S = 15.0  # a server that was killed starts
PROMPT_S = 30.0  # who isn't refused waits no longer to be taken (contract §9: a delay under 30 s)


@dataclass(frozen=True)
class Planned:
    """`fault` begins `at` seconds into the load."""

    at: float
    fault: Fault


@dataclass
class Figures:
    """What a round showed; times in seconds. `waited`: the longest that one of a lane had to try."""

    name: str
    accepted: int
    refused: int
    unanswered: int
    outcomes: int
    lost: int
    doubled: int
    again: int
    parked: int
    unshown: int
    out_of_order: int
    waited: dict[str, float]
    longest: dict[str, float]
    settled: float
    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)  # the way of the slowest of each channel, if beyond PROMPT_S

    @property
    def kept(self) -> bool:
        return not self.wrong

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def play(
    arena: Arena,
    name: str,
    plan: Sequence[Planned],
    *,
    seconds: float,
    seed: int,
    over: threading.Event | None = None,
    tell: Callable[[str], object] = lambda text: None,
    meanwhile: Callable[[], object] | None = None,
) -> Figures:
    """Plays `plan` under `seconds` of load, or until `over`; lets everything settle, judges.

    Every fault is ended whatever happens. `tell` hears of each fault and, in between, how the load does. The load lasts
    at least until `meanwhile` has returned.
    """
    over = over or threading.Event()
    began = now_ms()
    load, watchers = arena.load(seed), arena.watchers()
    watchers.start()
    watchers.wait()
    load.start()
    started = time.monotonic()
    with ThreadPoolExecutor(len(plan) + 1) as pool:
        fates: list[Future[object]] = [pool.submit(_befall, arena, planned, started, over, tell) for planned in plan]
        if meanwhile:
            fates.append(pool.submit(meanwhile))
        while (left := started + seconds - time.monotonic()) > 0 and not over.wait(min(left, TELL_EACH_S)):
            tell(f"accepted {len(load.accepted()):,} of {len(load.events):,}; {dict(load.answers)}")
    trouble = [f"the fault itself: {error}" for fate in fates if (error := fate.exception())]
    well_at = time.monotonic()
    load.finish()
    arena.serial += len(load.events)
    return _judged(arena, name, plan, load, watchers, began, well_at, trouble)


def _befall(
    arena: Arena, planned: Planned, started: float, over: threading.Event, tell: Callable[[str], object]
) -> None:
    if over.wait(max(0.0, started + planned.at - time.monotonic())):
        return
    tell(f"{planned.fault}, {planned.fault.seconds:.0f} s")
    try:
        arena.begin(planned.fault)
        over.wait(planned.fault.seconds)
    finally:
        arena.end(planned.fault)


def _judged(
    arena: Arena,
    name: str,
    plan: Sequence[Planned],
    load: Load,
    watchers: Watchers,
    began: int,
    well_at: float,
    trouble: list[str],
) -> Figures:
    wrong = trouble + load.trouble[:NAMED]
    wrong += settle(arena)
    settled = time.monotonic() - well_at
    shown = {client.user: client.shown for client in watchers.finish()}
    since = began - CLOCKS_DIFFER_MS
    inboxes, sends = arena.inboxes(since), arena.sends(since)
    statuses = arena.statuses(missing(load.events, inboxes, sends)[:1_000])
    verdict = judge(Evidence(load.events, inboxes, sends, shown, statuses))
    wrong += [f"lost: {what}" for what in verdict.lost[:NAMED]] + [f"twice: {what}" for what in verdict.doubled[:NAMED]]
    wrong += audited(arena, verdict, since)
    wrong += [f"{process} didn't come back" for process in arena.away()]
    if len(plan) == 1:  # of several faults at once nobody can say which of them one waited for
        wrong += stalled(load.events, plan)
    return _figures(name, load, verdict, _waited(load.events), settled, wrong, list(_slow(arena, verdict)))


def settle(arena: Arena) -> list[str]:
    """Waits until nothing is in flight any more; what still is, after SETTLED_WITHIN_S."""
    end = time.monotonic() + SETTLED_WITHIN_S
    while waiting := in_flight(arena.platform):
        if time.monotonic() > end:
            return [f"still in flight after {SETTLED_WITHIN_S:.0f} s: {waiting}"]
        time.sleep(0.25)
    return []


def audited(arena: Arena, verdict: Verdict, since: int) -> list[str]:
    """What `manage.py audit --deep` finds wrong with what was accepted since `since` (ms)."""
    audit = arena.platform.audit("--deep", "--since", to_rfc3339(since))
    wrong = [
        f"audit: {part}: {one['id']} {one['channel']}: {one['what']}"
        for part in ("lost", "doubled", "unreadable", "differing")
        for one in (audit[part] or {"named": []})["named"][:NAMED]
    ]
    if audit["exit"] and not wrong:
        wrong.append(f"audit: exit {audit['exit']}")
    if audit["in_flight"]:
        wrong.append(f"audit: in flight: {audit['in_flight']}")
    if audit["accepted"] < verdict.accepted:
        wrong.append(f"audit: the log holds {audit['accepted']} of {verdict.accepted} accepted")
    return wrong


def _slow(arena: Arena, verdict: Verdict) -> Iterator[str]:
    """Who came later than PROMPT_S, step by step: a delay is a figure once it can be explained."""
    for channel, id in verdict.slowest.items():
        if verdict.longest[channel] > PROMPT_S:
            yield f"{channel} after {verdict.longest[channel]:.1f} s: {id}"
            yield from (f"  {step}" for step in arena.story(id, channel))


def _waited(events: Sequence[Event]) -> dict[str, float]:
    waited: dict[str, float] = {}
    for event in events:
        if event.id:
            lane = event.kind.lane
            waited[lane] = max(waited.get(lane, 0.0), (event.accepted_at - event.asked_at) / 1000)
    return waited


def stalled(events: Sequence[Event], plan: Sequence[Planned]) -> list[str]:
    """Of each lane the event that had to try longest, if beyond PROMPT_S and not explained by a fault of `plan`."""
    worst: dict[str, Event] = {}
    for event in events:
        tried_s, lane = (event.accepted_at - event.asked_at) / 1000, event.kind.lane
        if not event.id or tried_s <= PROMPT_S:
            continue
        posted_s = (event.asked_at - events[0].asked_at) / 1000
        if any(_explains(planned, lane, posted_s, tried_s) for planned in plan):
            continue
        worst[lane] = max(event, worst.get(lane, event), key=lambda one: one.accepted_at - one.asked_at)
    return [f"one of {lane} had to try for {_told(event, events[0].asked_at)}" for lane, event in worst.items()]


def _explains(planned: Planned, lane: str, posted_s: float, tried_s: float) -> bool:
    """Whether a lane may be refused in a fault, and somebody posted then met it or its aftermath."""
    over_s = planned.at + planned.fault.seconds + COMING_BACK_S
    return lane in planned.fault.may_be_refused and posted_s <= over_s and posted_s + tried_s >= planned.at


def _told(event: Event, began: int) -> str:
    """How long an event was tried, when in the load it was first posted, and how it was answered."""
    answers = "; ".join(f"{after / 1000:.1f} s {how}" for after, how in event.refusals) or "no answer before the 202"
    tried, posted = (event.accepted_at - event.asked_at) / 1000, (event.asked_at - began) / 1000
    return f"{tried:.1f} s: posted {posted:.0f} s into the load; {answers}"


def _figures(
    name: str,
    load: Load,
    verdict: Verdict,
    waited: dict[str, float],
    settled: float,
    wrong: list[str],
    slow: list[str],
) -> Figures:
    return Figures(
        name=name,
        accepted=verdict.accepted,
        refused=sum(count for answer, count in load.answers.items() if answer in ("503", "429", "409")),
        unanswered=sum(count for answer, count in load.answers.items() if not answer.isdigit()),
        outcomes=verdict.outcomes,
        lost=len(verdict.lost),
        doubled=len(verdict.doubled),
        again=verdict.sent_again_in_doubt,
        parked=verdict.parked_in_doubt,
        unshown=verdict.unshown,
        out_of_order=verdict.out_of_order,
        waited={lane: round(seconds, 1) for lane, seconds in waited.items()},
        longest={channel: round(seconds, 1) for channel, seconds in verdict.longest.items()},
        settled=round(settled, 1),
        wrong=wrong,
        slow=slow,
    )
