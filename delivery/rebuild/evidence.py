"""What the log shows of rows that have gone: released to their topics and tried, or cancelled."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from delivery.rebuild.candidates import records
from delivery.retries import NEVER_BEGUN
from delivery.status import CANCELLED, DEFERRED
from foundation.errors import PoisonRecord
from notifications.due.entry import RETRY, WHOLE, DueEntry
from notifications.records import Attempting, ChannelRecord, Event, Failure, Outcome, Reports, decode
from notifications.topology import DELIVERY, DLQ, INTAKE_TOPICS

ENDED = 1 << 30  # a try that was begun has left every hop of its attempt behind

Try = tuple[int, int]  # attempt, hop
Resumption = tuple[str, str, int, int, tuple[str, ...]]  # notification, why, attempt, hop, channels


class Evidence(msgspec.Struct):
    """`resumed`: when (ms, the latest) an event came back to its intake; `tried`: the furthest try of each send, by
    (notification, channel, send); `cancelled`: (notification, channel)."""

    resumed: dict[Resumption, int] = {}
    tried: dict[tuple[str, str, str], Try] = {}
    cancelled: set[tuple[str, str]] = set()

    def note_try(self, place: tuple[str, str, str], its: Try) -> None:
        self.tried[place] = max(its, self.tried.get(place, (0, 0)))


def search(entries: Iterable[DueEntry], since: int) -> Evidence:
    """Everything about the notifications of `entries` on the log since then. Raises LogUnavailable."""
    ids = {entry.notification_id for entry in entries}
    evidence = Evidence()
    if not ids:
        return evidence
    for topic in INTAKE_TOPICS:
        for record in records(topic, since):
            _note_event(record.value, ids, evidence)
    for record in records(DELIVERY, since):
        _note_reports(record.value, ids, evidence)
    for record in records(DLQ, since):
        _note_failure(record.value, ids, evidence)
    return evidence


def gone(entry: DueEntry, evidence: Evidence) -> bool:
    """Whether `entry` was released and what it started shows, or was cancelled."""
    if _is_cancelled(entry, evidence):
        return True
    if entry.topic == DLQ:
        return False  # it only looks again; what comes of that has an identity of its own
    if entry.topic in INTAKE_TOPICS:
        event = decode(Event, entry.value)
        at = evidence.resumed.get(_resumption(entry.notification_id, event))
        return at is not None and (entry.kind == RETRY or at >= entry.due_at)
    record = decode(ChannelRecord, entry.value)
    sends = [send.id for send in record.recipients[0].sends]
    start = (record.attempt, record.hop)
    places = [(entry.notification_id, record.channel, send) for send in sends]
    return bool(places) and all(evidence.tried.get(place, (0, 0)) >= start for place in places)


def _is_cancelled(entry: DueEntry, evidence: Evidence) -> bool:
    if entry.channel == WHOLE:
        return any(id == entry.notification_id for id, _ in evidence.cancelled)
    return (entry.notification_id, entry.channel) in evidence.cancelled


def _note_event(raw: bytes, ids: set[str], evidence: Evidence) -> None:
    try:
        event = decode(Event, raw)
    except PoisonRecord:
        return
    for recipient in event.recipients:
        if event.resumed and recipient.id in ids:
            name = _resumption(recipient.id, event)
            evidence.resumed[name] = max(event.now, evidence.resumed.get(name, 0))


def _resumption(id: str, event: Event) -> Resumption:
    return id, event.resumed or "", event.attempt, event.hop, tuple(event.only or ())


def _note_reports(raw: bytes, ids: set[str], evidence: Evidence) -> None:
    try:
        reports = decode(Reports, raw).reports
    except PoisonRecord:
        return
    for report in reports:
        if isinstance(report, Attempting):
            for id, _, channel, send, attempt in report.rows:
                if id in ids:
                    evidence.note_try((id, channel, send), (attempt, ENDED))
        elif isinstance(report, Outcome) and report.id in ids:
            _note_outcome(report, evidence)


def _note_outcome(report: Outcome, evidence: Evidence) -> None:
    if report.status == CANCELLED:
        evidence.cancelled.add((report.id, report.channel))
    elif report.send:
        hop = report.stamps.get("hop", 0) if report.status == DEFERRED else ENDED
        evidence.note_try((report.id, report.channel, report.send), (report.attempt, hop))


def _note_failure(raw: bytes, ids: set[str], evidence: Evidence) -> None:
    try:
        failure = decode(Failure, raw)
    except PoisonRecord:
        return
    record, id = failure.record, failure.record.recipients[0].id
    if id in ids and not failure.waits:
        for each in failure.failed:
            hop = record.hop if each.error in NEVER_BEGUN else ENDED
            evidence.note_try((id, record.channel, each.send.id), (record.attempt, hop))
