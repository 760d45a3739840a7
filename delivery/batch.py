"""What travels through a chain: the batch envelope, and what the stages hand each other.

A batch is what one poll of a topic gave (design.md, idea 2). Its envelope names the bridge's reply list, the deadline
after which nothing is begun, and its records as they stand on the log. Stages are idempotent: the same batch again, in
whole or in halves, ends in the same identities.
"""

from __future__ import annotations

from typing import Any

import msgspec

from notifications.records import ChannelRecord, Event, Failure, Report
from preferences.facts import Address, Verdict
from templates_app.content import Content


class BatchRecord(msgspec.Struct, frozen=True, array_like=True):
    """One log record: its place, its bytes, and whether it may have been done before."""

    partition: int
    offset: int
    value: bytes
    repeat: bool = False
    trace: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What every task of a chain gets: `deadline` and `polled_at` in ms; `reply` is the bridge's list in Redis.

    `direct`: the log is away, nothing may be put there (delivery/telling.py).
    """

    id: str
    reply: str
    topic: str
    lane: str
    deadline: int
    polled_at: int
    direct: bool = False


class Batch(Envelope, frozen=True, kw_only=True):
    """The first task's argument."""

    records: list[BatchRecord]


class Routed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One notification after routing: its event narrowed to one recipient, and the verdict for each channel."""

    event: Event
    user: str
    id: str
    category: str
    mandatory: bool = False
    locale: str = ""
    verdicts: list[Verdict]
    contents: dict[str, Content] = {}
    template_errors: dict[str, str] = {}
    saw: dict[str, Any] = {}
    stamps: dict[str, int] = {}
    repeat: bool = False
    trace: str = ""


class CastCell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Those of a cast, by place in its event's recipients, who have a verdict in common, and a language if it is to
    send. `addresses` (for each of `who`; empty for in-app) and `contents` (where it is personal) are in their order.
    """

    verdict: Verdict
    locale: str = ""
    who: list[int]
    addresses: list[tuple[Address, ...]] = []
    content: Content | None = None
    contents: list[Content] = []
    error: str = ""


class Cast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of a broadcast after routing: up to 1,000 notifications, and what was decided for all of them."""

    event: Event
    category: str
    mandatory: bool = False
    cells: list[CastCell]
    stamps: dict[str, int] = {}
    repeat: bool = False
    trace: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Reports and failures of one kind of record: those that may be a repeat are kept apart, the mark is inherited."""

    reports: list[Report] = []
    failures: list[Failure] = []
    repeat: bool = False


class RoutedBatch(Envelope, frozen=True, kw_only=True):
    """What route and render hand on; `told`: what is known already of repeats."""

    routed: list[Routed]
    casts: list[Cast] = []
    told: list[Told] = []


class ToldBatch(Envelope, frozen=True, kw_only=True):
    """What deliver hands to report; `traces`: the trace contexts that callers brought, by notification id."""

    told: list[Told]
    traces: dict[str, str] = {}


class DeliveryItem(msgspec.Struct, frozen=True):
    """One channel record to be delivered."""

    record: ChannelRecord
    repeat: bool
    trace: str = ""


def envelope_of(batch: Envelope) -> dict[str, Any]:
    """The envelope's fields, to build the next stage's argument with."""
    return {name: getattr(batch, name) for name in Envelope.__struct_fields__}
