"""One notification in the audit's book: what was accepted, decided and told of it. Pure.

Kept small, because there may be many millions: sends are named by the beginning of their id, which is enough to tell
apart those of one delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from delivery.audit.facts import WHOLE, Accepted, Decided, Fact, Told
from notifications.status import (
    DEFERRED,
    DROPPED,
    LEDGER_IN_FLIGHT,
    PENDING,
    SENT,
    TRANSITIONS,
    ledger_bucket,
    notification_bucket,
    outcome,
)

SEND_CHARS = 10
VERDICT_STATUS = {"send": PENDING, "drop": DROPPED, "defer": DEFERRED}


class DeliveryEntry(msgspec.Struct, array_like=True):
    """A decided channel. `cells`: the status of each send ("" the whole); `reasons`: why, by status; `sent`: each
    hand-over as "send attempt provider-id".
    """

    expected: list[str] = []
    cells: dict[str, str] = {}
    reasons: dict[str, str] = {}
    sent: list[str] = []
    decided: bool = False


class Entry(msgspec.Struct, array_like=True):
    """A notification. `intake`: where it last stood on an intake topic, by the channels it stood there for; `places`:
    where else it was seen in flight, by channel. `untracked`: the tracker hasn't passed all of it yet.
    """

    user: str = ""
    priority: str = ""
    accepted_at: int = 0
    intake: dict[str, tuple[str, int, int]] = {}
    places: dict[str, str] = {}
    deliveries: dict[str, DeliveryEntry] = {}
    untracked: bool = False


class Standing(NamedTuple):
    """Where a delivery stands: the word of its status, and its reason."""

    channel: str
    status: str
    reason: str


def apply(entry: Entry, fact: Fact) -> None:
    """Folds a fact in; any order, any number of times."""
    if isinstance(fact, Told):
        _told(entry, fact)
    elif isinstance(fact, Decided):
        _decided(entry, fact)
    elif isinstance(fact, Accepted):
        _accepted(entry, fact)
    else:
        entry.places[fact.channel] = fact.where


def _accepted(entry: Entry, fact: Accepted) -> None:
    entry.user, entry.priority, entry.accepted_at = fact.user, fact.priority, fact.accepted_at
    for channel in fact.only:
        entry.intake[channel] = max(entry.intake.get(channel, fact.place), fact.place)


def _decided(entry: Entry, fact: Decided) -> None:
    delivery = entry.deliveries.setdefault(fact.channel, DeliveryEntry())
    delivery.decided = True
    for send in fact.sends:
        if (short := send[:SEND_CHARS]) not in delivery.expected:
            delivery.expected.append(short)
    if fact.verdict != "send":
        _raise(delivery, fact.channel, "", VERDICT_STATUS[fact.verdict], fact.reason)


def _told(entry: Entry, fact: Told) -> None:
    if fact.channel == WHOLE:
        for channel in list(entry.deliveries):
            _told(entry, fact._replace(channel=channel))
        return
    delivery = entry.deliveries.setdefault(fact.channel, DeliveryEntry())
    send = fact.send[:SEND_CHARS]
    _raise(delivery, fact.channel, send, fact.status, fact.reason)
    if fact.status == SENT and fact.channel != "in_app":
        hand_over = f"{send} {fact.attempt} {fact.provider_id}"
        if hand_over not in delivery.sent:
            delivery.sent.append(hand_over)


def _raise(delivery: DeliveryEntry, channel: str, send: str, status: str, reason: str) -> None:
    delivery.cells[send] = TRANSITIONS[channel, delivery.cells.get(send, PENDING), status]
    if reason:
        delivery.reasons[status] = reason


def status_of(channel: str, delivery: DeliveryEntry) -> str:
    """As `notifications.status.delivery_status`, over the entry's cells."""
    cells, expected = delivery.cells, delivery.expected
    whole = cells.get("")
    if whole is None and len(cells) <= 1 and len(expected) <= 1:  # nearly all: one address, nothing about the whole
        return next(iter(cells.values()), PENDING)
    sends = {*cells, *expected} - {""}
    if not sends:
        return whole or PENDING
    return outcome(channel, [TRANSITIONS[channel, cells.get(send, PENDING), whole or PENDING] for send in sends])


def standings(entry: Entry) -> list[Standing]:
    """Each delivery's status; a notification without any is in flight, or lost."""
    statuses = {channel: status_of(channel, delivery) for channel, delivery in entry.deliveries.items()}
    return [
        Standing(channel, status, entry.deliveries[channel].reasons.get(status, ""))
        for channel, status in statuses.items()
    ]


def column(standing: list[Standing]) -> str:
    """The notification's column in the ledger."""
    if not standing:
        return LEDGER_IN_FLIGHT
    return notification_bucket(ledger_bucket(one.status) for one in standing)


def doubles(entry: Entry) -> Iterator[tuple[str, str]]:
    """(channel, send) of sends that were handed over more than once.

    In-app is left out: a row of an inbox has the notification's identity, so storing it again changes nothing.
    """
    for channel, delivery in entry.deliveries.items():
        if len(delivery.sent) > 1:
            sends = [hand_over.split(" ", 1)[0] for hand_over in delivery.sent]
            yield from ((channel, send) for send in sorted(set(sends)) if sends.count(send) > 1)


def in_flight(entry: Entry, committed: Mapping[tuple[str, int], int]) -> list[tuple[str, str]]:
    """What has no outcome yet: (channel, or "*" for a notification that isn't decided; where it is, "" if nowhere).

    `committed` is the intake groups' offset by (topic, partition).
    """
    if not any(delivery.decided for delivery in entry.deliveries.values()):
        return [(WHOLE, _place(entry, WHOLE, committed))]
    return [
        (one.channel, _place(entry, one.channel, committed))
        for one in standings(entry)
        if ledger_bucket(one.status) == LEDGER_IN_FLIGHT
    ]


def _place(entry: Entry, channel: str, committed: Mapping[tuple[str, int], int]) -> str:
    for scope in (channel, WHOLE):
        if scope in entry.places:
            return entry.places[scope]
        place = entry.intake.get(scope)
        if place is not None and place[2] >= committed.get(place[:2], 0):
            return place[0]
    return ""
