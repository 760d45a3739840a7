"""The port of the notification store (contract §6): inboxes, details by id, the delivery log.

Every write takes a batch and is idempotent: the same rows again, in any order, change nothing. Reads serve one user or
one notification from one partition, but take many at once where a batch asks. No counters, no deletes, no
read-before-write on the hot path. Engines: SQL (embedded default), Cassandra. Raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from notifications.records import Decision
from templates_app.content import Content


class Position(msgspec.Struct, frozen=True, order=True):
    """Where a row stands in an inbox, newest first: (the record's `now`, notification id)."""

    at: int
    id: str


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One notification in a user's inbox as it was delivered. `stored_at` (ms) is when the store took it."""

    user: str
    id: str
    at: int
    type: str
    category: str
    content: Content
    priority: str = "normal"
    expires_at: int | None = None
    stored_at: int = 0


class InboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its read state folded in."""

    row: InboxRow
    read: bool = False
    seen: bool = False
    opened: bool = False
    archived: bool = False


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first; `next` is the position of its last entry, None on the last page."""

    entries: list[InboxEntry]
    next: Position | None = None


class StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of read state: None leaves that part as it is. The latest `at` (ms) wins, part by part."""

    user: str
    id: str
    at: int
    read: bool | None = None
    seen: bool | None = None
    opened: bool | None = None
    archived: bool | None = None


class UnreadIds(NamedTuple):
    """A user's notification ids by what they count as."""

    unread: set[str]
    unseen: set[str]


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The cell of one send, or (send empty) of one whole delivery, in the delivery log.

    Kept by rank: a write with a lower `rank` than what is there changes nothing; equal rank: the later `at` wins.
    `rank` comes from `delivery.status`. Identity: (notification, channel, send, attempt).
    """

    id: str
    user: str
    channel: str
    send: str
    attempt: int
    status: str
    rank: int
    at: int
    detail: dict[str, Any] = {}


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """`notification_details`: the decision (with the event as accepted), as the tracker stored it."""

    decision: Decision
    tracked_at: int = 0


class Store(Protocol):
    # --- inbox
    def add_inbox(self, rows: Sequence[InboxRow]) -> None:
        """Stores rows; one that is there already stays as it was (the one stored first, by `stored_at`)."""

    def inbox_page(
        self,
        user: str,
        *,
        limit: int,
        before: Position | None = None,
        unread: bool = False,
        category: str | None = None,
        archived: bool = False,
    ) -> InboxPage:
        """Newest first. `archived` shows only archived rows, else they are left out. Rows past 90 days are gone."""

    def inbox_since(self, user: str, since: int, *, limit: int, after: Position | None = None) -> list[InboxEntry]:
        """Entries with `at` or `stored_at` >= since (ms), oldest first, archived ones left out.

        What was delivered late (up to a day after its place in the inbox) counts as new. `after` goes on from there.
        """

    def inbox_entries(self, user: str, ids: Collection[str]) -> list[InboxEntry]:
        """Those of `ids` that are in this user's inbox."""

    def change_state(self, changes: Sequence[StateChange]) -> None:
        """Applies read-state changes (the table of exceptions). One for an id not in that inbox shows nowhere."""

    def read_all(self, user: str, up_to: int) -> None:
        """Sets the "read up to" mark: rows with `stored_at` <= up_to that have no later exception are read and seen."""

    def unread_ids(self, users: Collection[str]) -> dict[str, UnreadIds]:
        """For each user the ids that are unread and unseen, archived left out; what Redis' sets are rebuilt from."""

    # --- delivery log
    def record(self, entries: Sequence[LogEntry], details: Sequence[Details] = ()) -> None:
        """Writes cells by rank (see LogEntry), and decisions with them: what a batch of the tracker has, at once."""

    def record_details(self, details: Sequence[Details]) -> None:
        """Stores decisions; one for an id, its channels and its event's `now` stays as it was first tracked."""

    def details(self, ids: Collection[str]) -> dict[str, list[Details]]:
        """Decisions by notification id, in the order they were taken (a fallback or a re-decision adds one)."""

    def timelines(self, ids: Collection[str]) -> dict[str, list[LogEntry]]:
        """All cells of these notifications, by `at`."""

    def cells(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], list[LogEntry]]:
        """All cells of these (notification, channel): what a repeat is checked against."""

    def user_timeline(self, user: str, *, limit: int, before: int | None = None) -> list[Details]:
        """A user's decisions newest first, with what never reached the inbox.

        Ordered by the event's `now`, which is the place in the inbox; `before` (ms) is that of the last one had. What
        is on its way to the inbox may come into it only when it is there.
        """

    # --- erasing
    def forget_user(self, user: str) -> int:
        """Removes all there is of a user: inbox, read state, decisions, delivery log; of how many notifications.

        What the tracker writes later of what was under way is removed by another call.
        """

    # --- housekeeping
    def purge(self, *, limit: int) -> int:
        """Removes up to `limit` rows of each kind that are past settings.INBOX_DAYS; returns how many.

        An engine whose rows leave by themselves has nothing to do.
        """
