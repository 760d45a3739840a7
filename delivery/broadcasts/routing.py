"""Routing a broadcast's records: a thousand at a time, by what their users have in common (decision 21)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings

from delivery import put_off
from delivery.batch import BatchRecord, Cast, CastCell
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable
from foundation.identifiers import broadcast_key
from notifications.broadcasts import stops
from notifications.records import Event, Recipient
from notifications.topology import CHANNELS
from preferences import limits, profiles_by_key
from preferences.alike import Alike
from preferences.decide import DROP, SEND, apply_limits, candidates
from preferences.facts import Address, Profile, Question, TypeFacts, Verdict
from preferences.limits import LimitEntry, Sighting
from templates_app.catalog import get_catalog

CANCELLED = "cancelled"
RETRY = "retry"


class Waiting(msgspec.Struct):
    """A recipient whom nobody can be asked about now (delivery/put_off.py)."""

    event: Event
    recipient: Recipient
    repeat: bool
    trace: str


class _Cell(msgspec.Struct):
    """A cell while it is gathered."""

    verdict: Verdict
    locale: str
    who: list[int]
    addresses: list[tuple[Address, ...]]

    def without(self, places: Collection[int]) -> _Cell:
        left = [(each, at) for at, each in enumerate(self.who) if each not in places]
        addresses = [self.addresses[at] for _, at in left] if self.addresses else []
        return _Cell(self.verdict, self.locale, [each for each, _ in left], addresses)


_Cells = dict[Hashable, _Cell]


def route(events: Sequence[tuple[Event, BatchRecord]], *, polled_at: int) -> list[Cast]:
    """The casts of a batch's broadcast records. One round for profiles, one for limits, one for what was stopped.

    Recipients whom neither cache nor database can tell of now are put off, durably. Raises LogUnavailable.
    """
    if not events:
        return []
    users, unknown = _profiles(events)
    if unknown:
        events = _without(events, unknown)
    stopped = stops.stopped({event.broadcast or "" for event, _ in events})
    facts = [get_catalog().facts(event.type) for event, _ in events]
    cells = [
        _stopped(event, its) if event.broadcast in stopped else _decide(event, its, users)
        for (event, _), its in zip(events, facts, strict=True)
    ]
    _drop_duplicates(events, facts, cells)
    _keep_limits(events, cells)
    stamps = {"polled": polled_at, "routed": now_ms()}
    return [
        Cast(
            event=event,
            category=its.category if its else "",
            mandatory=bool(its and its.mandatory),
            cells=[_done(cell) for cell in found.values() if cell.who],
            stamps=stamps,
            repeat=record.repeat,
            trace=record.trace,
        )
        for (event, record), its, found in zip(events, facts, cells, strict=True)
    ]


def _profiles(events: Sequence[tuple[Event, BatchRecord]]) -> tuple[dict[str, Profile], frozenset[str]]:
    """Everybody's profile out of SQL, by key; with SQL away those that the cache has, and whom nobody can tell of."""
    wanted: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for event, _ in events:
        channels = tuple(event.only if event.only is not None else event.channels or CHANNELS)
        wanted[channels] += [broadcast_key(each.id) for each in event.recipients]
    found: dict[str, Profile] = {}
    try:
        with control_plane():
            for channels, keys in wanted.items():
                found |= profiles_by_key.load(keys, channels)
    except ControlPlaneUnavailable:
        return put_off.known_users({each.user for event, _ in events for each in event.recipients}, keep=False)
    gone = {each.user for event, _ in events for each in event.recipients} - found.keys()
    return found | {user: Profile(user_id=user, known=False) for user in gone}, frozenset()


def _done(cell: _Cell) -> CastCell:
    return CastCell(verdict=cell.verdict, locale=cell.locale, who=cell.who, addresses=cell.addresses)


def _without(events: Sequence[tuple[Event, BatchRecord]], unknown: Collection[str]) -> list[tuple[Event, BatchRecord]]:
    waiting = [
        Waiting(event, each, record.repeat, record.trace)
        for event, record in events
        for each in event.recipients
        if each.user in unknown
    ]
    put_off.put_off(waiting)
    narrowed = [
        (msgspec.structs.replace(event, recipients=[r for r in event.recipients if r.user not in unknown]), record)
        for event, record in events
    ]
    return [(event, record) for event, record in narrowed if event.recipients]


def _question(event: Event) -> Question:
    return Question(
        id="",
        user="",
        priority=event.priority,
        now=event.now,
        channels=None if event.channels is None else tuple(event.channels),
        only=None if event.only is None else tuple(event.only),
        expires_at=event.expires_at,
        resumed=event.resumed or "",
    )


def _stopped(event: Event, facts: TypeFacts | None) -> _Cells:
    """What was cancelled or recalled goes nowhere, and the ledger hears it."""
    detail = "The broadcast was cancelled before this was sent."
    everybody = list(range(len(event.recipients)))
    return {
        channel: _Cell(_drop(channel, CANCELLED, detail, event.broadcast or ""), "", everybody, [])
        for channel in candidates(_question(event), facts)
    }


def _drop(channel: str, reason: str, detail: str, setting: str) -> Verdict:
    return Verdict(channel=channel, verdict=DROP, reason=reason, detail=detail, setting=setting)


def _decide(event: Event, facts: TypeFacts | None, users: Mapping[str, Profile]) -> _Cells:
    """Recipients with the same settings are decided as one, then sorted by verdict and language."""
    alike = Alike(_question(event), facts)
    profiles = [users[each.user] for each in event.recipients]
    groups: dict[tuple[Hashable, str], list[int]] = defaultdict(list)
    for place, profile in enumerate(profiles):
        groups[alike.key(profile), profile.locale].append(place)
    cells: _Cells = {}
    for (settled, locale), who in groups.items():
        for verdict in alike.verdicts(settled, profiles[who[0]]):
            language = locale if verdict.verdict == SEND else ""
            cell = cells.setdefault((verdict, language), _Cell(verdict, language, [], []))
            cell.who += who
            if verdict.verdict == SEND and verdict.channel != "in_app":
                cell.addresses += [alike.addresses(verdict.channel, profiles[place]) for place in who]
    return cells


def _drop_duplicates(
    events: Sequence[tuple[Event, BatchRecord]], facts: Sequence[TypeFacts | None], cells: list[_Cells]
) -> None:
    """Types with a window: whoever got the same from the same token within it doesn't get it again (contract §4)."""
    for at, ((event, _), its) in enumerate(zip(events, facts, strict=True)):
        if its is None or not its.dedupe_window_s or event.resumed is not None:
            continue
        firsts = limits.first_seen([_sighting(event, each, its) for each in event.recipients])
        for place, first in enumerate(firsts):
            if first:
                _redo(cells[at], {place}, lambda cell, first=first: _duplicate(cell.verdict.channel, first))


def _sighting(event: Event, recipient: Recipient, facts: TypeFacts) -> Sighting:
    return Sighting(
        token=event.token,
        type=event.type,
        user=recipient.user,
        data=event.data,
        notification_id=recipient.id,
        now=event.now,
        window_s=facts.dedupe_window_s,
    )


def _duplicate(channel: str, first: str) -> Verdict:
    return _drop(channel, "duplicate", f"The same notification was accepted before as {first}.", first)


def _keep_limits(events: Sequence[tuple[Event, BatchRecord]], cells: Sequence[_Cells]) -> None:
    """Counts what is to be sent against the per-user limits, in one round trip for the batch."""
    entries: list[LimitEntry] = []
    owners: list[tuple[_Cells, Hashable, int]] = []
    for (event, _), its in zip(events, cells, strict=True):
        if event.resumed == RETRY:
            continue
        for name, cell in its.items():
            if cell.verdict.verdict == SEND and (limit := cell.verdict.limit):
                people, now = event.recipients, event.now
                entries += [LimitEntry(people[at].user, limit, people[at].id, now) for at in cell.who]
                owners += [(its, name, at) for at in cell.who]
    over: dict[tuple[int, Hashable], tuple[_Cells, set[int]]] = {}
    for (its, name, at), allowed in zip(owners, limits.count(entries), strict=True):
        if not allowed:
            over.setdefault((id(its), name), (its, set()))[1].add(at)
    for (_, name), (its, places) in over.items():
        _move(its, name, places, _limited(its[name].verdict))


def _limited(verdict: Verdict) -> Verdict:
    return apply_limits([verdict], [verdict.limit], settings.PER_USER_LIMITS)[0]


def _redo(cells: _Cells, places: set[int], verdict_of: Any) -> None:
    """Gives `places` another verdict on every channel on which they would be sent to."""
    for name, cell in list(cells.items()):
        found = places.intersection(cell.who)
        if found and cell.verdict.verdict == SEND:
            _move(cells, name, found, verdict_of(cell))


def _move(cells: _Cells, name: Hashable, places: set[int], verdict: Verdict) -> None:
    cells[name] = cells[name].without(places)
    cells.setdefault((verdict, ""), _Cell(verdict, "", [], [])).who += sorted(places)
