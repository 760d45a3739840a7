"""The in-app channel: the store, the unread sets, the sockets — a batch at a time (contract §6)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from channels_app import inbox
from delivery import ways
from foundation.clock import now_ms
from notifications import announce, unread
from notifications.records import ChannelRecipient, ChannelRecord, Outcome, Report
from notifications.store import get_store
from notifications.store.port import InboxRow
from templates_app.content import Content

PROVIDER = "inbox"


def deliver(records: Sequence[ChannelRecord], *, polled_at: int) -> list[Report]:
    """Stores, counts and announces; idempotent, because a row's identity is its notification's.

    Nothing expires here: an inbox keeps what came late. The store stamps a row under its own write lock, so that a
    "read all" never covers a row nobody could see yet. Raises StoreUnavailable, redis.ConnectionError.
    """
    started = now_ms()
    pairs = [(record, recipient) for record in records for recipient in record.recipients]
    rows = [_row(record, recipient) for record, recipient in pairs]
    get_store().add_inbox(rows)
    unread.add([(row.user, row.id) for row in rows])
    announce.announce([(row.user, partial(inbox.notification_frame, row)) for row in rows])
    at = now_ms()
    ways.note("in_app", records, at)
    return [_outcome(record, recipient, polled_at, started, at) for record, recipient in pairs]


def _row(record: ChannelRecord, recipient: ChannelRecipient) -> InboxRow:
    return InboxRow(
        user=recipient.user,
        id=recipient.id,
        at=record.now,
        type=record.type,
        category=record.category,
        content=recipient.content or record.content or Content(),
        priority=record.priority,
        expires_at=record.expires_at,
    )


def _outcome(record: ChannelRecord, recipient: ChannelRecipient, polled_at: int, started: int, at: int) -> Outcome:
    return Outcome(
        id=recipient.id,
        user=recipient.user,
        channel="in_app",
        status="sent",
        send=recipient.sends[0].id if recipient.sends else "",
        attempt=record.attempt,
        provider=PROVIDER,
        started_at=started,
        at=at,
        stamps={"made": record.made_at, "polled": polled_at},
    )
