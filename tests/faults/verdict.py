"""Is the promise kept? What was accepted, held against what inboxes, providers and sockets say. Pure.

It trusts nothing of the platform's own bookkeeping; `manage.py audit --deep` is asked besides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.events import Event
from tests.faults.watching import Shown

RESENT_IN_DOUBT = ("critical", "high")
NAMED = 20
Statuses = Mapping[str, str]  # channel → status, as GET /notifications/{id} tells it


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """An entry of a user's inbox as REST gives it; `serial` as the event carried it."""

    user: str
    id: str
    serial: int | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A send that a provider received `received` times, first at `at` (ms)."""

    id: str
    channel: str
    received: int
    at: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is. `statuses` of every id that isn't found where it should be."""

    events: Sequence[Event]
    inboxes: Sequence[InboxEntry]
    sends: Sequence[Sent]
    shown: Mapping[str, Sequence[Shown]]  # watched user → what his sockets showed
    statuses: Mapping[str, Statuses] = field(default_factory=dict)


@dataclass
class Verdict:
    """`lost` and `doubled` are broken promises and must be empty; the rest are figures."""

    accepted: int = 0
    unknown: int = 0
    outcomes: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    sent_again_in_doubt: int = 0
    parked_in_doubt: int = 0
    unshown: int = 0
    out_of_order: int = 0
    longest: dict[str, float] = field(default_factory=dict)  # channel → seconds from accepted to there
    slowest: dict[str, str] = field(default_factory=dict)  # channel → whose that was

    @property
    def kept(self) -> bool:
        return not self.lost and not self.doubled

    def took(self, channel: str, id: str, seconds: float) -> None:
        """`id` was there after `seconds`."""
        if seconds > self.longest.get(channel, 0.0):
            self.longest[channel], self.slowest[channel] = seconds, id


def missing(events: Iterable[Event], inboxes: Iterable[InboxEntry], sends: Iterable[Sent]) -> list[str]:
    """Ids that were accepted and are not in every place they should be: somebody has to say why."""
    there = {(entry.id, "in_app") for entry in inboxes} | {(send.id, send.channel) for send in sends}
    return [
        event.id for event in events if event.id and any((event.id, channel) not in there for channel in event.channels)
    ]


def judge(evidence: Evidence) -> Verdict:
    """The verdict over everything."""
    accepted = [event for event in evidence.events if event.id]
    verdict = Verdict(accepted=len(accepted), unknown=sum(event.unknown for event in evidence.events))
    _look_for_lost(accepted, evidence, verdict)
    _look_into_inboxes(accepted, evidence, verdict)
    _look_at_sends(accepted, evidence, verdict)
    _look_at_sockets(accepted, evidence, verdict)
    return verdict


def _look_for_lost(accepted: Sequence[Event], evidence: Evidence, verdict: Verdict) -> None:
    inboxes = {(entry.user, entry.id) for entry in evidence.inboxes}
    serials = {entry.serial for entry in evidence.inboxes}
    sends = {(send.id, send.channel) for send in evidence.sends}
    for event in accepted:
        statuses = evidence.statuses.get(event.id, {})
        for channel in event.channels:
            there = (event.user, event.id) in inboxes if channel == "in_app" else (event.id, channel) in sends
            status = statuses.get(channel, "unknown to the platform")
            if there:
                verdict.outcomes += 1
            elif channel != "in_app" and status == "parked" and event.kind.priority not in RESENT_IN_DOUBT:
                verdict.outcomes += 1
                verdict.parked_in_doubt += 1
            elif event.keyed and status == "dropped" and (channel != "in_app" or event.serial in serials):
                verdict.outcomes += 1  # the same event under another id, which the router caught
            else:
                verdict.lost.append(f"{event.id} {channel} to {event.user}: {status}")


def _look_into_inboxes(accepted: Sequence[Event], evidence: Evidence, verdict: Verdict) -> None:
    rows = Counter((entry.user, entry.id) for entry in evidence.inboxes)
    verdict.doubled += [f"{id} {count} times in the inbox of {user}" for (user, id), count in rows.items() if count > 1]
    keyed = {event.serial: event for event in evidence.events if event.keyed}
    by_serial: dict[int, set[str]] = defaultdict(set)
    for entry in evidence.inboxes:
        if entry.serial in keyed:
            by_serial[entry.serial].add(entry.id)
            if entry.user != keyed[entry.serial].user:
                verdict.doubled.append(f"{entry.id} of {keyed[entry.serial].user} in the inbox of {entry.user}")
    for serial, ids in by_serial.items():
        if len(ids) > 1:
            verdict.doubled.append(f"one event, one key, {len(ids)} entries: {', '.join(sorted(ids))} ({serial})")


def _look_at_sends(accepted: Sequence[Event], evidence: Evidence, verdict: Verdict) -> None:
    events = {event.id: event for event in accepted}
    for send in evidence.sends:
        event = events.get(send.id)
        if event is None:
            continue
        verdict.took(send.channel, send.id, (send.at - event.accepted_at) / 1000)
        if send.received > 1 and event.kind.priority in RESENT_IN_DOUBT:
            verdict.sent_again_in_doubt += 1
        elif send.received > 1:
            verdict.doubled.append(f"{send.id} {send.channel}, {event.kind.priority}: sent {send.received} times")


def _look_at_sockets(accepted: Sequence[Event], evidence: Evidence, verdict: Verdict) -> None:
    events = {event.id: event for event in accepted}
    for user, shown in evidence.shown.items():
        for one in shown:
            if one.again:
                verdict.doubled.append(f"{one.id} shown twice to {user} on one connection")
        first: dict[str, int] = {}
        for one in shown:
            first.setdefault(one.id, one.at)
        verdict.out_of_order += out_of_order([events[id] for id in first if id in events])
        inbox = {entry.id for entry in evidence.inboxes if entry.user == user}
        verdict.unshown += len(inbox & set(events) - set(first))
        for id, at in first.items():
            if id in events:
                verdict.took("socket", id, (at - events[id].accepted_at) / 1000)


def out_of_order(shown: Sequence[Event]) -> int:
    """How many of one user's events were shown before another of their lane that had been answered with 202 when they
    weren't even posted yet (contract §5: order per user within one channel and lane).
    """
    count = 0
    earliest: dict[str, int] = {}  # lane → the earliest 202 among those shown later
    for event in reversed(shown):
        lane = event.kind.lane
        count += earliest.get(lane, event.asked_at) < event.asked_at
        earliest[lane] = min(event.accepted_at, earliest.get(lane, event.accepted_at))
    return count
