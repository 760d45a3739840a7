"""The way into the due-time table while its database is away: over the log (docs/decisions/0013).

What is to wait goes on the dead-letter topic as its row, durable like everything there; the retry scheduler puts the
row into the table once it can. So a batch that holds one such notification goes on, and its partition with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foundation.errors import ControlPlaneUnavailable
from notifications.due import table
from notifications.due.entry import DueEntry
from notifications.log.port import Message
from notifications.records import ChannelRecipient, ChannelRecord, Failure, encode, headers
from notifications.topology import DLQ


def keep(entries: Sequence[DueEntry]) -> list[Message]:
    """Puts `entries` into the table. Where it is away: the messages that the caller is to produce with its own."""
    if not entries:
        return []
    try:
        table.put(entries)
    except ControlPlaneUnavailable:
        return messages(entries)
    return []


def messages(entries: Iterable[DueEntry]) -> list[Message]:
    """`entries` on their way to the table; those of one user stay in their order."""
    return [
        Message(DLQ, entry.user, encode(_carrying(entry)), headers(repeat=entry.repeat, trace=entry.trace))
        for entry in entries
    ]


def _carrying(entry: DueEntry) -> Failure:
    """A failure of nothing: only who it is about, for the audit and the quarantine, and the row."""
    record = ChannelRecord(
        channel=entry.channel,
        lane=entry.lane,
        priority="",
        recipients=[ChannelRecipient(entry.notification_id, entry.user)],
        type="",
        category="",
        now=entry.due_at,
        accepted_at=entry.due_at,
    )
    return Failure(record=record, failed=[], at=entry.due_at, waits=entry)
