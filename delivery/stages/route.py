"""Route: raw events in, a verdict for each channel out. One Redis round for profiles, one for limits (contract §4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings

from delivery import controls, known, pumping, put_off
from delivery.batch import Batch, BatchRecord, Routed, RoutedBatch, Told, envelope_of
from delivery.broadcasts import routing as casting
from delivery.stages.poison import set_aside
from delivery.stages.running import stage
from foundation.clock import now_ms
from foundation.errors import PoisonRecord
from foundation.identifiers import send_id
from notifications.records import Event, Recipient, decode
from notifications.spool import doubt
from preferences import limits, sms_guard
from preferences.decide import apply_limits, decide
from preferences.facts import Profile, Question, TypeFacts, Verdict
from preferences.limits import LimitEntry, Sighting
from templates_app.catalog import get_catalog


class Subject(msgspec.Struct):
    """One notification on its way through routing."""

    event: Event
    recipient: Recipient
    repeat: bool
    facts: TypeFacts | None
    trace: str
    duplicate_of: str = ""


@stage("route", Batch)
def route(batch: Batch) -> RoutedBatch:
    subjects, broadcasts = _subjects(batch)
    told: list[Told] = []
    if batch.lane == "critical":
        _mark_doubtful(subjects)
        subjects, told = _without_ended(subjects)
    users, unknown = put_off.known_users({subject.recipient.user for subject in subjects})
    firsts, doubtful = put_off.firsts_of_keys([(s.event, s.recipient.id) for s in subjects if _is_keyed(s)])
    subjects, waiting = put_off.split(subjects, unknown, doubtful)
    put_off.put_off(waiting)
    _find_duplicates(subjects, firsts)
    held = controls.held()
    decided = [
        controls.hold_back(subject.event.type, _decide(subject, users[subject.recipient.user]), subject.event.now, held)
        for subject in subjects
    ]
    decided = _within_limits(subjects, decided)
    stamps = {"polled": batch.polled_at, "routed": now_ms()}
    routed = [
        _routed(subject, users[subject.recipient.user], verdicts, stamps)
        for subject, verdicts in zip(subjects, decided, strict=True)
    ]
    casts = casting.route(broadcasts, polled_at=batch.polled_at)
    return RoutedBatch(**envelope_of(batch), routed=routed, casts=casts, told=told)


def _subjects(batch: Batch) -> tuple[list[Subject], list[tuple[Event, BatchRecord]]]:
    """Single notifications, and the records of broadcasts, which are decided as they are."""
    facts_of = get_catalog().facts
    subjects: list[Subject] = []
    broadcasts: list[tuple[Event, BatchRecord]] = []
    for record in batch.records:
        try:
            event = decode(Event, record.value)
        except PoisonRecord as poison:
            set_aside(batch.topic, record, poison)
            continue
        if event.broadcast:
            broadcasts.append((event, record))
            continue
        facts = facts_of(event.type)
        subjects += [Subject(event, each, record.repeat, facts, record.trace) for each in event.recipients]
    return subjects, broadcasts


def _mark_doubtful(subjects: Sequence[Subject]) -> None:
    """What was put on the log without an answer went into a spool too: one of both is a repeat (contract §9)."""
    unmarked = [subject for subject in subjects if not subject.repeat]
    doubtful = doubt.among([subject.recipient.id for subject in unmarked])
    for subject in unmarked:
        subject.repeat = subject.recipient.id in doubtful


def _without_ended(subjects: Sequence[Subject]) -> tuple[list[Subject], list[Told]]:
    """Repeats whose outcome is known are done; what the store knows of any is told (again), for the log's ledger."""
    found = known.look({subject.recipient.id: subject.event for subject in subjects if subject.repeat})
    left = [subject for subject in subjects if not (subject.repeat and subject.recipient.id in found.ended)]
    return left, [Told(reports=found.reports, repeat=True)] if found.reports else []


def _is_keyed(subject: Subject) -> bool:
    return subject.event.resumed is None and bool(subject.event.idempotency)


def _find_duplicates(subjects: Sequence[Subject], firsts: Mapping[str, str]) -> None:
    """Marks a second acceptance under one idempotency key (`firsts`), and repeats within the type's window."""
    first_time = [subject for subject in subjects if subject.event.resumed is None]
    windowed = [s for s in first_time if s.facts and s.facts.dedupe_window_s]
    seen = limits.first_seen([_sighting(s) for s in windowed]) if windowed else []
    for subject, first in zip(windowed, seen, strict=True):
        subject.duplicate_of = first or ""
    for subject in first_time:
        subject.duplicate_of = firsts.get(subject.recipient.id, subject.duplicate_of)


def _sighting(subject: Subject) -> Sighting:
    event = subject.event
    return Sighting(
        token=event.token,
        type=event.type,
        user=subject.recipient.user,
        data=data_of(event, subject.recipient),
        notification_id=subject.recipient.id,
        now=event.now,
        window_s=subject.facts.dedupe_window_s if subject.facts else 0,
    )


def _decide(subject: Subject, profile: Profile) -> tuple[Verdict, ...]:
    event = subject.event
    question = Question(
        id=subject.recipient.id,
        user=subject.recipient.user,
        priority=event.priority,
        now=event.now,
        channels=None if event.channels is None else tuple(event.channels),
        only=None if event.only is None else tuple(event.only),
        schedule_at=event.schedule_at if event.resumed is None else None,
        expires_at=event.expires_at,
        resumed=event.resumed or "",
    )
    verdicts = decide(question, subject.facts, profile)
    if event.failed is not None:
        verdicts = tuple(_what_failed(verdict, subject.recipient.id, event.failed) for verdict in verdicts)
    if subject.duplicate_of:
        verdicts = tuple(_as_duplicate(verdict, subject.duplicate_of) for verdict in verdicts)
    return verdicts


def _what_failed(verdict: Verdict, notification: str, failed: Collection[str]) -> Verdict:
    """A retry tries only the sends that failed; where their addresses are gone there is nothing left to try."""
    if verdict.verdict != "send":
        return verdict
    left = [each for each in verdict.addresses if send_id(notification, verdict.channel, each.address) in failed]
    if left:
        return msgspec.structs.replace(verdict, addresses=tuple(left))
    return Verdict(
        channel=verdict.channel,
        verdict="drop",
        reason="no_address",
        detail="The address this was to be tried again at is gone.",
        setting="contact points",
    )


def _as_duplicate(verdict: Verdict, first: str) -> Verdict:
    return Verdict(
        channel=verdict.channel,
        verdict="drop",
        reason="duplicate",
        detail=f"The same notification was accepted before as {first}.",
        setting=first,
    )


def _within_limits(subjects: Sequence[Subject], decided: Sequence[tuple[Verdict, ...]]) -> list[tuple[Verdict, ...]]:
    """Counts what is to be sent against all limits, in one round trip; a retry isn't counted anew."""
    entries: list[LimitEntry] = []
    owners: list[tuple[int, str]] = []
    for index, (subject, verdicts) in enumerate(zip(subjects, decided, strict=True)):
        if subject.event.resumed == "retry":
            continue
        for verdict in verdicts:
            if verdict.verdict == "send" and verdict.limit:
                entries.append(
                    LimitEntry(subject.recipient.user, verdict.limit, subject.recipient.id, subject.event.now)
                )
                owners.append((index, verdict.limit))
        guarded = _guarded(subject, verdicts)
        entries += guarded
        owners += [(index, entry.limit) for entry in guarded]
    refused = [not allowed for allowed in limits.count(entries)] if entries else []
    over: dict[int, list[str]] = {}
    for (index, limit), is_over in zip(owners, refused, strict=True):
        if is_over:
            over.setdefault(index, []).append(limit)
    pumping.alert([entry for entry, is_over in zip(entries, refused, strict=True) if is_over])
    return [_limited(verdicts, over[index]) if index in over else verdicts for index, verdicts in enumerate(decided)]


def _guarded(subject: Subject, verdicts: Sequence[Verdict]) -> list[LimitEntry]:
    """A broadcast's recipients were counted and approved; anything else may be somebody's pumping."""
    if subject.event.broadcast:
        return []
    found = sms_guard.entries(subject.recipient.user, verdicts, id=subject.recipient.id, now=subject.event.now)
    return [entry for entry in found if settings.SMS_GUARD_LIMITS[entry.limit][0]]


def _limited(verdicts: Sequence[Verdict], over: Sequence[str]) -> tuple[Verdict, ...]:
    guarded = sms_guard.refuse(verdicts, over, settings.SMS_GUARD_LIMITS)
    return apply_limits(guarded, over, settings.PER_USER_LIMITS)


def data_of(event: Event, recipient: Recipient) -> dict[str, Any]:
    """The data of one recipient: the event's, with what is personal on top."""
    return event.data if recipient.data is None else {**event.data, **recipient.data}


def _routed(subject: Subject, profile: Profile, verdicts: Sequence[Verdict], stamps: dict[str, int]) -> Routed:
    event = subject.event
    if len(event.recipients) > 1:
        event = msgspec.structs.replace(event, recipients=[subject.recipient])
    return Routed(
        event=event,
        user=subject.recipient.user,
        id=subject.recipient.id,
        category=subject.facts.category if subject.facts else "",
        mandatory=bool(subject.facts and subject.facts.mandatory),
        locale=profile.locale,
        verdicts=list(verdicts),
        saw=_saw(profile),
        stamps=stamps,
        repeat=subject.repeat,
        trace=subject.trace,
    )


def _saw(profile: Profile) -> dict[str, Any]:
    """What the decision looked at, without the addresses themselves (they stay in the sends)."""
    saw: dict[str, Any] = {"locale": profile.locale, "time_zone": profile.time_zone, "known": profile.known}
    if profile.preferences:
        saw["preferences"] = [[cell.scope, cell.channel, cell.enabled] for cell in profile.preferences]
    if profile.quiet_hours:
        saw["quiet_hours"] = [profile.quiet_hours.start, profile.quiet_hours.end]
    return saw
