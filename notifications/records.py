"""What stands on the log: frozen records, their JSON form, and nothing else (contract §3).

Times are milliseconds since the epoch, UTC. Every record has a version `v` (absent means 1); a reader that meets
a newer one raises PoisonRecord rather than guess. The `repeat` mark and the trace context travel in the log record's
headers (`HEADER_REPEAT`, `HEADER_TRACE`), so that they are inherited without decoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from foundation.errors import PoisonRecord
from notifications.due.entry import DueEntry
from templates_app.content import Content

VERSION = 1
MAX_RECIPIENTS = 1_000
MAX_BYTES = 960_000  # under what a Kafka client takes by default; ours stay far below
HEADER_REPEAT = "repeat"
HEADER_TRACE = "traceparent"
_UNTRACED: dict[bool, Mapping[str, str] | None] = {False: None, True: {HEADER_REPEAT: "1"}}


def headers(*, repeat: bool = False, trace: str = "") -> Mapping[str, str] | None:
    """The headers of a log record: its `repeat` mark and its caller's trace context ("": none), None without either."""
    if not trace:
        return _UNTRACED[repeat]
    return {HEADER_REPEAT: "1", HEADER_TRACE: trace} if repeat else {HEADER_TRACE: trace}


class Recipient(msgspec.Struct, frozen=True, omit_defaults=True):
    """One notification of an event: its id (`notif_…`), its user, and what differs from the event's data."""

    id: str
    user: str
    data: dict[str, Any] | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A record on `raw`, `critical` or `bulk`: one accepted event for up to 1,000 recipients of one partition.

    `now` is the decision time: when it was put on its topic. `only` limits routing to these channels and says why
    (`resumed`: "schedule", "quiet_hours", "fallback", "retry", "replay"); `failed` names, for a retry in the critical
    lane, the sends (ids) that are to be tried again. `uncounted`, `hop` and `refused_by` are a ChannelRecord's, handed
    through.
    """

    v: int = 1
    lane: str
    priority: str
    attempt: int = 1
    recipients: list[Recipient]
    type: str
    type_version: int = 0
    template_version: int = 0
    data: dict[str, Any]
    now: int
    accepted_at: int
    schedule_at: int | None = None
    expires_at: int | None = None
    channels: list[str] | None = None
    collapse_key: str | None = None
    token: str = ""
    idempotency: str | None = None
    broadcast: str | None = None
    only: list[str] | None = None
    resumed: str | None = None
    failed: list[str] | None = None
    fell_back_from: str | None = None
    uncounted: int = 0
    hop: int = 0
    refused_by: list[str] = []


class Send(msgspec.Struct, frozen=True, omit_defaults=True):
    """One address of a delivery. `id` is the UUIDv5; `platform` is "apns", "fcm", "web", or "" outside push."""

    id: str
    address: str
    platform: str = ""
    device: str = ""


class ChannelRecipient(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivery: a notification on this channel with its addresses; `content` where it is personal."""

    id: str
    user: str
    sends: list[Send] = []
    content: Content | None = None


class ChannelRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A record on a channel's topic. A retry (attempt > 1) carries only the sends that failed. `mandatory`: of a type
    that users can't turn off, so that nothing offers to.

    `now` stays that of the first try, so that an inbox row keeps its position. `attempt` numbers the tries that were
    begun; `uncounted` of them cost nothing (a provider's 429); `hop` counts the times it waited without being begun.
    `refused_by`: the accounts that certainly didn't take the try before; the next one goes over another if it can.
    """

    v: int = 1
    channel: str
    lane: str
    priority: str
    attempt: int = 1
    recipients: list[ChannelRecipient]
    content: Content | None = None
    type: str
    category: str
    mandatory: bool = False
    now: int
    accepted_at: int
    made_at: int = 0
    expires_at: int | None = None
    collapse_key: str | None = None
    broadcast: str | None = None
    fell_back_from: str | None = None
    uncounted: int = 0
    hop: int = 0
    refused_by: list[str] = []


# --- notifications.delivery -------------------------------------------------------------------------------------------


class ChannelDecision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The verdict for one channel: `send`, `drop` (with its reason, contract §4) or `defer` (with `due`, ms).

    `detail` says it in words, `setting` names what is behind it ("preference order_updates/push",
    "limit push 20/h", "quiet hours 22:00-07:00 Europe/Berlin").
    """

    channel: str
    verdict: str
    reason: str = ""
    detail: str = ""
    setting: str = ""
    due: int | None = None
    sends: list[str] = []


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="decision"):
    """What routing decided for one notification, with the event as accepted and what the decision saw."""

    id: str
    user: str
    event: Event
    category: str = ""
    channels: list[ChannelDecision]
    saw: dict[str, Any] = {}
    at: int
    stamps: dict[str, int] = {}


class Attempting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="attempting"):
    """Written before a burst of sends: rows of [notification, user, channel, send id, attempt]."""

    rows: list[tuple[str, str, str, str, int]]
    at: int


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="outcome"):
    """What became of one attempt of one send, or of a whole delivery (`send` empty: dropped, parked, deferred).

    `status` is a word of `delivery.status`; `attempt` counts from 1; `error` a `ProviderError.kind`.
    """

    id: str
    user: str
    channel: str
    status: str
    send: str = ""
    attempt: int = 1
    reason: str = ""
    detail: str = ""
    error: str = ""
    provider: str = ""
    provider_id: str = ""
    due: int | None = None
    started_at: int = 0
    at: int
    stamps: dict[str, int] = {}


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="receipt"):
    """What came back later: delivered, opened, clicked, bounced, complained, undelivered, read."""

    id: str
    user: str
    channel: str
    status: str
    send: str = ""
    provider: str = ""
    detail: str = ""
    at: int


class DecidedGroup(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The recipients of a broadcast, by numeric key, who got the same verdict on a channel (see ChannelDecision)."""

    channel: str
    verdict: str
    reason: str = ""
    detail: str = ""
    setting: str = ""
    due: int | None = None
    keys: list[int]


class Decided(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="decided"):
    """What routing decided for one record of a broadcast, whose own row has the details (contract §7). Times in ms.

    `id` is the first recipient's notification, whose partition it lies in.
    """

    id: str
    broadcast: str
    groups: list[DecidedGroup]
    now: int
    at: int
    stamps: dict[str, int] = {}


Report = Decision | Attempting | Outcome | Receipt | Decided


class Reports(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A record on `notifications.delivery`: reports of one partition, in the order they were made."""

    v: int = 1
    reports: list[Report]


class FailedSend(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One send that failed: `error` is a `ProviderError.kind`, or in_doubt, not_begun, breaker_open, template."""

    send: Send
    error: str
    detail: str = ""
    provider: str = ""
    provider_code: str = ""
    retry_after_ms: int = 0
    counts: bool = True


class Failure(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A record on `notifications.dlq`: one delivery whose sends failed, with the channel record as it was tried.

    `event` is given in the critical lane, whose retries go through routing again. `waits`: nothing failed; it is a row
    that is to go into the due-time table, whose database was away.
    """

    v: int = 1
    record: ChannelRecord
    failed: list[FailedSend]
    at: int
    event: Event | None = None
    waits: DueEntry | None = None


class _Versioned(msgspec.Struct, frozen=True):
    """What every record of every version has."""

    v: int = 1


R = TypeVar("R", Event, ChannelRecord, Reports, Failure)

_encode = msgspec.json.Encoder().encode
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Event, ChannelRecord, Reports, Failure)
}
_decode_version = msgspec.json.Decoder(_Versioned).decode


def encode(record: Event | ChannelRecord | Reports | Failure) -> bytes:
    """The record's JSON bytes."""
    return _encode(record)


def decode(kind: type[R], raw: bytes | str) -> R:
    """The record in `raw`.

    Raises PoisonRecord, which carries the bytes, when it can't be read, is over MAX_BYTES, or its version is newer.
    """
    if len(raw) > MAX_BYTES:
        raise PoisonRecord(f"a record of {len(raw):,} bytes; at most {MAX_BYTES:,} are read", _bytes(raw))
    try:
        record: R = _decoders[kind].decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonRecord(_newer(_version_in(raw)) or str(error), _bytes(raw)) from error
    if newer := _newer(record.v):
        raise PoisonRecord(newer, _bytes(raw))
    return record


def _newer(version: int) -> str:
    """Why a record of this version is refused, "" for one we know."""
    return f"record version {version} is newer than {VERSION}; upgrade this process" if version > VERSION else ""


def _version_in(raw: bytes | str) -> int:
    """The version of a record whose other fields aren't as we know them; 0 where nobody can say."""
    try:
        return _decode_version(raw).v
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def _bytes(raw: bytes | str) -> bytes:
    return raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
