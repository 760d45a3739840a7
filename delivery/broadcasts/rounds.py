"""From a window of frozen keys to records on `notifications.bulk`. Pure.

`round_robin` (contract §7): the window's recipients are put in an order that goes through the partitions TURNS times,
and a round is a piece of it. So each partition gets its share of the rate every few seconds, whatever the rate, and
slow rates still make records of many recipients.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from foundation.identifiers import broadcast_notification_id
from notifications.broadcasts.models import Broadcast
from notifications.log.partitioner import partition_for
from notifications.log.port import Message
from notifications.records import MAX_RECIPIENTS, Event, Recipient, encode, headers
from notifications.topology import BULK
from preferences.facts import TypeFacts

HEADER_RECIPIENTS = "recipients"
WINDOW_MIN, WINDOW_S = 1_000, 10
TURNS = 4

Seat = tuple[int, int, str]
"""(partition, numeric key, user id)"""


def window_size(rate: float, most: int) -> int:
    """Keys in a window: what the rate gives in WINDOW_S, at most `most`."""
    return min(most, max(WINDOW_MIN, int(rate * WINDOW_S))) if rate else most


def block_size(window: int, partitions: int) -> int:
    """How many recipients of one partition stand together in a window."""
    return max(1, window // (partitions * TURNS))


def round_robin(users: Mapping[int, str], partitions: int, block: int) -> list[Seat]:
    """The recipients of a window, `block` from each partition in turn; each partition's in the order of their keys."""
    queues: dict[int, list[Seat]] = defaultdict(list)
    for key, user in sorted(users.items()):
        partition = partition_for(user, partitions)
        queues[partition].append((partition, key, user))
    longest = max(map(len, queues.values()), default=0)
    starts = range(0, longest, block)
    return [seat for at in starts for partition in sorted(queues) for seat in queues[partition][at : at + block]]


def messages(
    row: Broadcast, facts: TypeFacts | None, seats: Sequence[Seat], *, channels: list[str], at: int, repeat: bool
) -> list[Message]:
    """Records of up to MAX_RECIPIENTS, each of one partition, as of `at` (ms)."""
    by_partition: dict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_partition[seat[0]].append(seat)
    expires = row.expires_at or (at + facts.expires_after_s * 1_000 if facts and facts.expires_after_s else None)
    return [
        _message(row, some[start : start + MAX_RECIPIENTS], channels, at, expires, repeat)
        for some in by_partition.values()
        for start in range(0, len(some), MAX_RECIPIENTS)
    ]


def _message(
    row: Broadcast, seats: Sequence[Seat], channels: list[str], at: int, expires: int | None, repeat: bool
) -> Message:
    event = Event(
        lane="bulk",
        priority=row.priority,
        recipients=[Recipient(broadcast_notification_id(row.pk, key), user) for _, key, user in seats],
        type=row.type,
        type_version=row.type_version,
        template_version=row.template_version,
        data=row.data,
        now=at,
        accepted_at=at,
        expires_at=expires,
        channels=channels,
        collapse_key=row.collapse_key or None,
        token=row.token,
        broadcast=row.pk,
    )
    marks = {**(headers(repeat=repeat) or {}), HEADER_RECIPIENTS: str(len(seats))}
    return Message(BULK, seats[0][2], encode(event), marks)
