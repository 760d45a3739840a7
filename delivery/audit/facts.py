"""What the audit reads of a log record: the few fields it needs, as facts about notifications.

The structs name a part of those in `notifications.records`; what they leave out is skipped while decoding, which makes
reading several times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from foundation.errors import PoisonRecord
from foundation.identifiers import broadcast_prefix
from notifications.log.port import LogRecord
from notifications.records import VERSION
from notifications.status import STATUSES
from notifications.topology import CHANNELS, DELIVERY, DLQ, INTAKE_TOPICS

WHOLE = "*"
# A word nobody knows makes the record unreadable, here as in the tracker.
Channel = Literal[CHANNELS]  # type: ignore[valid-type]
Status = Literal[STATUSES]  # type: ignore[valid-type]


class Accepted(NamedTuple):
    """`id` stands on an intake topic at (topic, partition, offset), for the channels `only` ("*": all of them)."""

    id: str
    user: str
    priority: str
    accepted_at: int
    resumed: bool
    only: tuple[str, ...]
    place: tuple[str, int, int]


class Decided(NamedTuple):
    """Routing's verdict for one channel."""

    id: str
    channel: str
    verdict: str
    reason: str
    sends: list[str]


class Told(NamedTuple):
    """A status of one send (or "" for the delivery), by an attempt (0: a receipt)."""

    id: str
    channel: str
    send: str
    status: str
    attempt: int = 0
    reason: str = ""
    provider_id: str = ""


class InFlight(NamedTuple):
    """`id` has a place on `channel` ("*": on all of them); `where` names it."""

    id: str
    channel: str
    where: str


Fact = Accepted | Decided | Told | InFlight


class _Recipient(msgspec.Struct):
    id: str
    user: str


class _Event(msgspec.Struct):
    recipients: list[_Recipient]
    priority: str
    accepted_at: int
    v: int = 1
    only: list[str] | None = None
    resumed: str | None = None


class _ChannelRecord(msgspec.Struct):
    channel: Channel
    recipients: list[_Recipient]
    v: int = 1


class _FailedRecord(msgspec.Struct):
    channel: Channel | Literal["*"]
    recipients: list[_Recipient]


class _Failure(msgspec.Struct):
    record: _FailedRecord
    v: int = 1


class _Verdict(msgspec.Struct):
    channel: Channel
    verdict: Literal["send", "drop", "defer"]
    reason: str = ""
    sends: list[str] = []


class _Decision(msgspec.Struct, tag="decision"):
    id: str
    channels: list[_Verdict]


class _DecidedGroup(msgspec.Struct):
    channel: Channel
    verdict: Literal["send", "drop", "defer"]
    keys: list[int]
    reason: str = ""


class _Decided(msgspec.Struct, tag="decided"):
    broadcast: str
    groups: list[_DecidedGroup]


class _Attempting(msgspec.Struct, tag="attempting"):
    rows: list[tuple[str, str, Channel, str, int]]


class _Outcome(msgspec.Struct, tag="outcome"):
    id: str
    channel: Channel
    status: Status
    send: str = ""
    attempt: int = 1
    reason: str = ""
    error: str = ""
    provider_id: str = ""


class _Receipt(msgspec.Struct, tag="receipt"):
    id: str
    channel: Channel
    status: Status
    send: str = ""


class _Reports(msgspec.Struct):
    reports: list[_Decision | _Attempting | _Outcome | _Receipt | _Decided]
    v: int = 1


_event = msgspec.json.Decoder(_Event)
_channel = msgspec.json.Decoder(_ChannelRecord)
_failure = msgspec.json.Decoder(_Failure)
_reports = msgspec.json.Decoder(_Reports)


def facts_of(record: LogRecord) -> Iterator[Fact]:
    """The facts in a record; which, depends on its topic. Raises PoisonRecord when it can't be read."""
    if record.topic == DELIVERY:
        return _told(_decode(_reports, record))
    if record.topic in INTAKE_TOPICS:
        return _accepted(_decode(_event, record), record)
    if record.topic == DLQ:
        return _in_flight(_decode(_failure, record).record, record.topic)
    return _in_flight(_decode(_channel, record), record.topic)


def _decode(decoder: msgspec.json.Decoder, record: LogRecord):  # type: ignore[no-untyped-def]
    try:
        found = decoder.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonRecord(str(error), record.value) from error
    if found.v > VERSION:
        raise PoisonRecord(f"record version {found.v} is newer than {VERSION}", record.value)
    return found


def _accepted(event: _Event, record: LogRecord) -> Iterator[Accepted]:
    only = (WHOLE,) if event.only is None else tuple(event.only)
    place = (record.topic, record.partition, record.offset)
    for one in event.recipients:
        yield Accepted(one.id, one.user, event.priority, event.accepted_at, event.resumed is not None, only, place)


def _in_flight(record: _ChannelRecord | _FailedRecord, topic: str) -> Iterator[InFlight]:
    for one in record.recipients:
        yield InFlight(one.id, record.channel, topic)


def _decided(report: _Decided) -> Iterator[Decided]:
    prefix = broadcast_prefix(report.broadcast)
    for group in report.groups:
        for key in group.keys:
            yield Decided(f"{prefix}{key:010x}", group.channel, group.verdict, group.reason, [])


def _told(reports: _Reports) -> Iterator[Decided | Told]:
    for report in reports.reports:
        if isinstance(report, _Outcome):
            reason = report.reason or report.error
            yield Told(
                report.id, report.channel, report.send, report.status, report.attempt, reason, report.provider_id
            )
        elif isinstance(report, _Decision):
            for verdict in report.channels:
                yield Decided(report.id, verdict.channel, verdict.verdict, verdict.reason, verdict.sends)
        elif isinstance(report, _Decided):
            yield from _decided(report)
        elif isinstance(report, _Attempting):
            for id, _, channel, send, attempt in report.rows:
                yield Told(id, channel, send, "attempting", attempt)
        else:
            yield Told(report.id, report.channel, report.send, report.status)
