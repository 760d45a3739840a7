"""The rows that followed from what is on the log: deferrals, retries, fallbacks, and what was parked."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from django.conf import settings

from delivery import fates
from delivery.orders import counts
from delivery.parking import Parked
from delivery.plans import plan
from delivery.stages import making
from foundation.errors import PoisonRecord
from notifications.due.entry import DueEntry
from notifications.log import get_log
from notifications.log.port import LogRecord
from notifications.records import (
    HEADER_TRACE,
    ChannelRecipient,
    ChannelRecord,
    Decision,
    Event,
    FailedSend,
    Failure,
    Outcome,
    Reports,
    Send,
    decode,
)
from notifications.topology import DELIVERY, DLQ

AT_ONCE = 500


class Candidates(msgspec.Struct):
    """Rows by identity, and dead letters."""

    entries: dict[str, DueEntry] = {}
    parked: list[Parked] = []

    def add(self, entry: DueEntry) -> None:
        self.entries.setdefault(entry.identity, entry)


def collect(since: int) -> Candidates:
    """Everything that was put or parked for records appended at or after `since` (ms). Raises LogUnavailable."""
    found = Candidates()
    _read_reports(since, found)
    _read_failures(since, found)
    return found


def _read_reports(since: int, found: Candidates) -> None:
    """Deferrals, and the critical lane's retries, which stand in outcomes: their decision may come after them."""
    critical: dict[str, list[Event]] = {}
    tries: dict[tuple[str, str, int, int], list[Outcome]] = {}
    for record in records(DELIVERY, since):
        trace = record.headers.get(HEADER_TRACE, "")
        for report in _reports(record):
            if isinstance(report, Decision):
                for entry in making.deferrals(report.event, report.id, report.user, report.channels, trace):
                    found.add(entry)
                if report.event.lane == "critical":
                    critical.setdefault(report.id, []).append(report.event)
            elif isinstance(report, Outcome) and report.due and report.send:
                place = (report.id, report.channel, report.attempt, report.stamps.get("hop", 0))
                tries.setdefault(place, []).append(report)
    for outcomes in tries.values():
        if events := critical.get(outcomes[0].id):
            _settle([(_critical_failure(outcomes, events), "")], found, due=outcomes[0].due or 0)


def _read_failures(since: int, found: Candidates) -> None:
    """Retries, fallbacks and dead letters; rows that went round the database while it was away."""
    batch: list[tuple[Failure, str]] = []
    for record in records(DLQ, since):
        failure = _failure(record)
        if failure is None:
            continue
        if failure.waits:
            found.add(failure.waits)
            continue
        batch.append((failure, record.headers.get(HEADER_TRACE, "")))
        if len(batch) == AT_ONCE:
            _settle(batch, found)
            batch = []
    _settle(batch, found)


def records(topic: str, since: int) -> Iterator[LogRecord]:
    """Every record of `topic` appended at or after `since` (ms), in the order of each partition."""
    log = get_log()
    starts = log.offset_at(topic, since) if since else log.begin_offsets(topic)
    for partition, end in log.end_offsets(topic).items():
        yield from log.read(topic, partition, starts.get(partition, 0), end)


def _settle(batch: list[tuple[Failure, str]], found: Candidates, due: int = 0) -> None:
    """What scheduling made of these, as of when they failed: the same identities, times that differ by how late it was.

    Alerts were raised and addresses removed then; neither is done again.
    """
    planned = [
        (failure, trace, group)
        for failure, trace in batch
        for group in plan(failure, now=failure.at, resend_in_doubt=settings.IN_DOUBT_RESEND)
    ]
    known = fates.known_of([(failure, group) for failure, _, group in planned])
    for failure, trace, group in planned:
        fate = fates.Fates(repeat=True, now=failure.at)
        fates.settle(failure, group, known, fate)
        for entry in fate.entries:
            found.add(msgspec.structs.replace(entry, trace=trace, due_at=due or entry.due_at))
        found.parked += fate.parked


def _critical_failure(outcomes: list[Outcome], events: list[Event]) -> Failure:
    """The failure behind the outcomes of one try in the critical lane, which has no record on the dlq. Its retry is
    routed again, so neither content nor address is asked for: only what was tried, and when it is due."""
    outcome = outcomes[0]
    tried = [event for event in events if event.attempt == outcome.attempt] or events
    event = tried[-1]
    failed = [
        FailedSend(send=Send(each.send, ""), error=each.error, detail=each.detail, counts=counts(each.error))
        for each in {each.send: each for each in outcomes}.values()
    ]
    record = ChannelRecord(
        channel=outcome.channel,
        lane=event.lane,
        priority=event.priority,
        attempt=outcome.attempt,
        recipients=[ChannelRecipient(outcome.id, outcome.user, [each.send for each in failed])],
        type=event.type,
        category="",
        now=event.now,
        accepted_at=event.accepted_at,
        expires_at=event.expires_at,
        fell_back_from=event.fell_back_from,
        uncounted=event.uncounted,
        hop=outcome.stamps.get("hop", event.hop),
    )
    return Failure(record=record, failed=failed, at=outcome.at, event=event)


def _reports(record: LogRecord) -> list[object]:
    try:
        return list(decode(Reports, record.value).reports)
    except PoisonRecord:
        return []  # the tracker quarantines it


def _failure(record: LogRecord) -> Failure | None:
    try:
        return decode(Failure, record.value)
    except PoisonRecord:
        return None  # the retry scheduler quarantines it
