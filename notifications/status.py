"""The one table of statuses and their transitions (contract §5, "Status per channel").

A status is a fold over attempts and receipts that come in any order, any number of times, so it is defined by rank
alone: the higher rank stays, whatever was heard first. No clock takes part. Ranks are stored with every cell of the
delivery log: a new word may be put between two others, but no number may change its meaning.

    in flight   accepted < pending < deferred < attempting < in_doubt < failed (a retry is waiting)
    not sent    parked < cancelled < dropped
    sent        by channel, see `SENT_STEPS`: whatever was sent wins over what was parked or dropped

`failed` stands above `in_doubt`: what is known wins over what isn't. `dropped` stands above `parked`: an operator, or
preferences looked at again before a replay, may end what was parked; nothing parks what was dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from notifications.topology import CHANNELS

ACCEPTED = "accepted"
PENDING = "pending"
DEFERRED = "deferred"
ATTEMPTING = "attempting"
IN_DOUBT = "in_doubt"
FAILED = "failed"
PARKED = "parked"
CANCELLED = "cancelled"
DROPPED = "dropped"
SENT = "sent"
DELIVERED = "delivered"
READ = "read"
OPENED = "opened"
CLICKED = "clicked"
BOUNCED = "bounced"
COMPLAINED = "complained"
UNDELIVERED = "undelivered"

IN_FLIGHT_STEPS = (ACCEPTED, PENDING, DEFERRED, ATTEMPTING, IN_DOUBT, FAILED)
NOT_SENT_STEPS = (PARKED, CANCELLED, DROPPED)
SENT_STEPS: dict[str, tuple[str, ...]] = {
    "in_app": (SENT, DELIVERED, READ),
    "push": (SENT, DELIVERED, OPENED),
    # A bounce can follow the provider's own "delivered"; an opened mail didn't bounce, whatever came earlier or later.
    "email": (SENT, DELIVERED, BOUNCED, OPENED, CLICKED, COMPLAINED),
    "sms": (SENT, UNDELIVERED, DELIVERED),
}

# What a word proves on a channel that has no such step: with it the table is total.
_READS_AS: dict[str, dict[str, str]] = {
    "in_app": {OPENED: READ, CLICKED: READ, COMPLAINED: READ, BOUNCED: SENT, UNDELIVERED: SENT},
    "push": {READ: OPENED, CLICKED: OPENED, COMPLAINED: OPENED, BOUNCED: SENT, UNDELIVERED: SENT},
    "email": {READ: OPENED, UNDELIVERED: BOUNCED},
    "sms": {READ: DELIVERED, OPENED: DELIVERED, CLICKED: DELIVERED, COMPLAINED: DELIVERED, BOUNCED: UNDELIVERED},
}

_STEP = 10
_NOT_SENT_FROM = 100
_SENT_FROM = 200


def _steps(channel: str) -> dict[str, int]:
    ladders = ((0, IN_FLIGHT_STEPS), (_NOT_SENT_FROM, NOT_SENT_STEPS), (_SENT_FROM, SENT_STEPS[channel]))
    return {status: start + _STEP * i for start, ladder in ladders for i, status in enumerate(ladder)}


STATUSES: tuple[str, ...] = tuple(
    dict.fromkeys([*IN_FLIGHT_STEPS, *NOT_SENT_STEPS, *(s for channel in CHANNELS for s in SENT_STEPS[channel])])
)
MEANING: dict[tuple[str, str], str] = {
    (channel, status): _READS_AS[channel].get(status, status) for channel in CHANNELS for status in STATUSES
}
RANK: dict[tuple[str, str], int] = {
    (channel, status): _steps(channel)[MEANING[channel, status]] for channel in CHANNELS for status in STATUSES
}
TRANSITIONS: dict[tuple[str, str, str], str] = {
    (channel, old, new): MEANING[channel, new if RANK[channel, new] > RANK[channel, old] else old]
    for channel in CHANNELS
    for old in STATUSES
    for new in STATUSES
}

LEDGER_DELIVERED, LEDGER_DROPPED, LEDGER_PARKED, LEDGER_IN_FLIGHT = "delivered", "dropped", "parked", "in_flight"
LEDGER_BUCKETS = (LEDGER_DELIVERED, LEDGER_DROPPED, LEDGER_PARKED, LEDGER_IN_FLIGHT)
_BUCKET_OF = {
    **dict.fromkeys(STATUSES, LEDGER_DELIVERED),
    **dict.fromkeys(IN_FLIGHT_STEPS, LEDGER_IN_FLIGHT),
    PARKED: LEDGER_PARKED,
    CANCELLED: LEDGER_DROPPED,
    DROPPED: LEDGER_DROPPED,
}


class Cell(Protocol):
    """What folding needs of a cell of the delivery log (`notifications.store.port.LogEntry`)."""

    @property
    def channel(self) -> str: ...
    @property
    def send(self) -> str: ...
    @property
    def status(self) -> str: ...


def rank(channel: str, status: str) -> int:
    """How far `status` is on `channel`. Raises KeyError for a word that isn't in the table."""
    return RANK[channel, status]


def was_sent(status: str) -> bool:
    """Whether `status` says that it was handed over, whatever came after."""
    return _BUCKET_OF[status] == LEDGER_DELIVERED


def is_final(status: str) -> bool:
    """Whether nothing more is on its way: the delivery has its outcome."""
    return _BUCKET_OF[status] != LEDGER_IN_FLIGHT


def ledger_bucket(status: str) -> str:
    """The ledger's column for `status`: delivered, dropped, parked or in_flight."""
    return _BUCKET_OF[status]


def notification_bucket(deliveries: Iterable[str]) -> str:
    """The ledger's column of a notification from those of its deliveries.

    In flight while any of them is; then delivered if any was, else parked if any is, else dropped (none: dropped).
    """
    columns = set(deliveries)
    by_weight = (LEDGER_IN_FLIGHT, LEDGER_DELIVERED, LEDGER_PARKED, LEDGER_DROPPED)
    return next((column for column in by_weight if column in columns), LEDGER_DROPPED)


def fold(entries: Iterable[Cell]) -> str:
    """The status of one send from all its cells, in any order and number; `pending` without any."""
    status = PENDING
    for entry in entries:
        status = TRANSITIONS[entry.channel, status, entry.status]
    return status


def outcome(channel: str, sends: Iterable[str]) -> str:
    """The status of a delivery from those of its sends (contract, "Words and identities").

    The highest-ranking once one was sent. Until then the one least far along: a delivery isn't over while one of its
    sends is open. Both parts only ever grow when a send's status does, so neither goes back.
    """
    known = sorted(sends, key=lambda status: RANK[channel, status])
    if not known:
        return PENDING
    return MEANING[channel, known[-1] if was_sent(known[-1]) else known[0]]


def delivery_status(channel: str, entries: Iterable[Cell], expected: Iterable[str] = ()) -> str:
    """The status of a delivery from all cells of (notification, channel).

    `expected` are the send ids of its decision: those without a cell are pending. A cell without a send (dropped,
    parked, deferred as a whole) counts for every send.
    """
    cells: dict[str, list[Cell]] = defaultdict(list)
    for entry in entries:
        cells[entry.send].append(entry)
    whole = cells.pop("", [])
    sends = set(cells) | set(expected)
    if not sends:
        return fold(whole)
    return outcome(channel, (fold([*cells.get(send, ()), *whole]) for send in sends))
