"""`--deep`: the store and the sandbox's outbox, held against the book.

A delivery is asked about only where the tracker had passed all that the log says of it; the store may know more by now,
never less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.conf import settings

from delivery.audit.book import Book
from delivery.audit.entry import DeliveryEntry, Entry, apply, status_of
from delivery.audit.facts import Told
from delivery.audit.findings import Findings
from foundation.identifiers import is_of_broadcast
from notifications.status import CANCELLED, PENDING, RANK, was_sent
from notifications.store import get_store
from notifications.store.port import LogEntry, Store
from preferences import erasure

ENTRIES_A_BATCH = 1_000

Progress = Callable[[int], None]


def check(book: Book, findings: Findings, progress: Progress) -> None:
    """Adds what differs to `findings`. Raises StoreUnavailable."""
    store = get_store()
    for batch in map(_without_erased, _batches(book.entries())):
        _check_cells(store, batch, findings)
        _check_inboxes(store, batch, findings)
        _check_outbox(batch, findings)
        progress(len(batch))


def _check_cells(store: Store, batch: dict[str, Entry], findings: Findings) -> None:
    settled = {id: entry for id, entry in batch.items() if not entry.untracked and entry.deliveries}
    kept = store.timelines(list(settled))
    for id, entry in settled.items():
        stored = _as_entry(kept.get(id, ()))
        for channel, delivery in entry.deliveries.items():
            if is_of_broadcast(id) and set(delivery.cells) <= {""}:
                continue  # decided and no more: its ledger has that, there is no row (docs/decisions/0021)
            ours = status_of(channel, delivery)
            theirs = _stored_status(channel, delivery, stored)
            if RANK[channel, theirs] < RANK[channel, ours] and ours != CANCELLED:
                findings.differing.add(id, channel, f"the log says {ours}, the store {theirs}")


def _without_erased(batch: dict[str, Entry]) -> dict[str, Entry]:
    """Of users who were erased the store has nothing, as it should. The log's own ledger counts them all the same."""
    gone = erasure.among({entry.user for entry in batch.values()})
    return {id: entry for id, entry in batch.items() if entry.user not in gone} if gone else batch


def _as_entry(cells: Iterable[LogEntry]) -> Entry:
    entry = Entry()
    for cell in cells:
        apply(entry, Told(cell.id, cell.channel, cell.send, cell.status, cell.attempt))
    return entry


def _stored_status(channel: str, ours: DeliveryEntry, stored: Entry) -> str:
    theirs = stored.deliveries.get(channel)
    if theirs is None:
        return PENDING
    theirs.expected = ours.expected
    return status_of(channel, theirs)


def _check_inboxes(store: Store, batch: dict[str, Entry], findings: Findings) -> None:
    """What was sent in-app is in its user's inbox; once, because a row's identity is the notification's."""
    by_user: dict[str, list[str]] = defaultdict(list)
    for id, entry in batch.items():
        delivery = entry.deliveries.get("in_app")
        if delivery is not None and was_sent(status_of("in_app", delivery)):
            by_user[entry.user].append(id)
    for user, ids in by_user.items():
        rows = Counter(found.row.id for found in store.inbox_entries(user, ids))
        for id in ids:
            if rows[id] != 1:
                findings.differing.add(id, "in_app", f"sent, but {rows[id]} times in the inbox of {user}")


def _check_outbox(batch: dict[str, Entry], findings: Findings) -> None:
    """What the sandbox's providers took: a send twice only where doubt allows it."""
    from delivery.providers.sandbox.models import OutboxMessage

    again = OutboxMessage.objects.filter(notification_id__in=list(batch), received__gt=1)
    for id, channel, send, count in again.values_list("notification_id", "channel", "send_id", "received"):
        if batch[id].priority not in settings.ENV.IN_DOUBT_RESEND:
            findings.doubled.add(id, channel, f"send {send} reached its provider {count} times")


def _batches(entries: Iterator[tuple[str, Entry]]) -> Iterator[dict[str, Entry]]:
    while batch := dict(islice(entries, ENTRIES_A_BATCH)):
        yield batch
