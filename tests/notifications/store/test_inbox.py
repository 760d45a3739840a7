"""Contract of the store, inboxes (contract §6)."""

from __future__ import annotations

import pytest
import time_machine

from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.store.port import InboxEntry, Position, StateChange, Store
from tests.notifications.store.rows import decided, inbox_row, new_user

pytestmark = pytest.mark.django_db(databases=["store"])
DAY_MS = 86_400_000


def ids(entries: list[InboxEntry]) -> list[str]:
    return [entry.row.id for entry in entries]


def id_drawn_at(ms: int) -> str:
    return f"notif_{ms:012x}{new_notification_id()[18:]}"


def test_a_row_comes_back_as_it_was_stored(store: Store) -> None:
    row = inbox_row(new_user(), priority="high", expires_at=now_ms() + 1_000, stored_at=now_ms())

    store.add_inbox([row])

    [entry] = store.inbox_page(row.user, limit=20).entries
    assert entry == InboxEntry(row=row)


def test_adding_again_changes_nothing(store: Store) -> None:
    row = inbox_row(new_user(), category="first", stored_at=now_ms())
    store.add_inbox([row])

    store.add_inbox([row, inbox_row(row.user, id=row.id, at=row.at, category="second", stored_at=now_ms() + 5)])

    [entry] = store.inbox_page(row.user, limit=20).entries
    assert entry.row == row


def test_a_row_without_a_storing_time_gets_the_present(store: Store) -> None:
    row = inbox_row(new_user())
    before = now_ms()

    store.add_inbox([row])

    [entry] = store.inbox_entries(row.user, [row.id])
    assert before <= entry.row.stored_at <= now_ms()


def test_pages_are_newest_first_and_miss_nothing(store: Store) -> None:
    user, now = new_user(), now_ms()
    rows = [inbox_row(user, at=now - i // 3) for i in range(23)]
    store.add_inbox(rows[::2])
    store.add_inbox(rows[1::2])

    seen: list[str] = []
    before: Position | None = None
    while True:
        page = store.inbox_page(user, limit=5, before=before)
        seen += ids(page.entries)
        before = page.next
        if before is None:
            break

    assert seen == [row.id for row in sorted(rows, key=lambda row: (row.at, row.id), reverse=True)]


def test_a_page_that_ends_with_the_last_row_has_no_next(store: Store) -> None:
    user = new_user()
    store.add_inbox([inbox_row(user) for _ in range(4)])

    assert store.inbox_page(user, limit=4).next is None
    assert store.inbox_page(user, limit=3).next is not None


def test_filters_by_category_unread_and_archived(store: Store) -> None:
    user, now = new_user(), now_ms()
    order, promo, kept = inbox_row(user), inbox_row(user, category="promotions"), inbox_row(user)
    store.add_inbox([order, promo, kept])
    store.change_state(
        [
            StateChange(user=user, id=promo.id, at=now, read=True),
            StateChange(user=user, id=kept.id, at=now, archived=True),
        ]
    )

    assert ids(store.inbox_page(user, limit=9, category="promotions").entries) == [promo.id]
    assert ids(store.inbox_page(user, limit=9, unread=True).entries) == [order.id]
    assert ids(store.inbox_page(user, limit=9, archived=True).entries) == [kept.id]
    assert kept.id not in ids(store.inbox_page(user, limit=9).entries)


def test_nobody_sees_or_changes_anothers_row(store: Store) -> None:
    row, other = inbox_row(new_user()), new_user()
    store.add_inbox([row])

    store.change_state([StateChange(user=other, id=row.id, at=now_ms(), read=True, archived=True)])

    assert store.inbox_entries(other, [row.id]) == []
    assert store.inbox_page(other, limit=9).entries == []
    [entry] = store.inbox_page(row.user, limit=9).entries
    assert not entry.read
    assert not entry.archived


def test_rows_are_found_by_id_wherever_they_stand(store: Store) -> None:
    user, now = new_user(), now_ms()
    scheduled = inbox_row(user, at=now + 40 * DAY_MS)
    ids_of = [scheduled.id] + [id_drawn_at(now - days * DAY_MS) for days in range(30)]
    rows = [scheduled] + [inbox_row(user, id=id, at=now - n * DAY_MS + 500) for n, id in enumerate(ids_of[1:])]
    store.add_inbox(rows)

    assert set(ids(store.inbox_entries(user, [*ids_of, new_notification_id(), "no id"]))) == set(ids_of)
    assert ids(store.inbox_entries(user, [scheduled.id])) == [scheduled.id]
    assert ids(store.inbox_entries(user, ids_of[4:5])) == ids_of[4:5]


def test_what_was_decided_beside_the_inbox_is_no_entry(store: Store) -> None:
    row = inbox_row(new_user())
    store.add_inbox([row])
    store.record_details([decided(row.id, row.user, ["email"], now=row.at + 5_000)])

    assert ids(store.inbox_page(row.user, limit=5).entries) == [row.id]
    assert ids(store.inbox_entries(row.user, [row.id])) == [row.id]
    assert ids(store.inbox_since(row.user, row.at, limit=5)) == [row.id]
    assert store.unread_ids([row.user]) == {row.user: ({row.id}, {row.id})}


def test_since_gives_the_oldest_first_and_goes_on_after_the_last(store: Store) -> None:
    user, now = new_user(), now_ms()
    rows = [inbox_row(user, at=now + i) for i in range(-3, 5)]
    store.add_inbox([row for row in rows if row.at < now])
    with time_machine.travel((now - 60_000) / 1000, tick=False):
        store.add_inbox([row for row in rows if row.at >= now])

    first = store.inbox_since(user, now, limit=3)
    last = first[-1].row
    rest = store.inbox_since(user, now, limit=9, after=Position(last.at, last.id))

    late = [row.id for row in rows if row.at < now]
    assert ids(first) + ids(rest) == late + [row.id for row in rows if row.at >= now]


def test_since_holds_what_was_stored_late(store: Store) -> None:
    user, now = new_user(), now_ms()
    late = inbox_row(user, at=now - 600_000, stored_at=now + 5)
    old = inbox_row(user, at=now - 600_000, stored_at=now - 599_000)
    store.add_inbox([late, old])

    assert ids(store.inbox_since(user, now, limit=9)) == [late.id]


def test_since_leaves_archived_ones_out(store: Store) -> None:
    row = inbox_row(new_user())
    store.add_inbox([row])
    store.change_state([StateChange(user=row.user, id=row.id, at=now_ms(), archived=True)])

    assert store.inbox_since(row.user, 0, limit=9) == []


def test_rows_leave_after_ninety_days(store: Store, settings) -> None:
    user, now = new_user(), now_ms()
    gone = inbox_row(user, at=now - (settings.INBOX_DAYS * DAY_MS + 1_000))
    last = inbox_row(user, at=now - (settings.INBOX_DAYS * DAY_MS - 60_000))
    store.add_inbox([gone, last])

    assert ids(store.inbox_page(user, limit=9).entries) == [last.id]
    assert ids(store.inbox_entries(user, [gone.id, last.id])) == [last.id]
    assert store.unread_ids([user]) == {user: ({last.id}, {last.id})}


def test_unread_ids_of_many_users_at_once(store: Store) -> None:
    rows = {user: inbox_row(user) for user in (new_user() for _ in range(1_200))}
    store.add_inbox(list(rows.values()))
    reader, nobody = next(iter(rows)), new_user()
    store.read_all(reader, now_ms())

    found = store.unread_ids([*rows, nobody])

    assert found.pop(reader) == found.pop(nobody) == (set(), set())
    assert {user: ids.unread | ids.unseen for user, ids in found.items()} == {
        user: {row.id} for user, row in rows.items() if user != reader
    }


def test_purging_takes_only_what_has_left(store: Store, settings) -> None:
    user, now = new_user(), now_ms()
    rows = [inbox_row(user, at=now - days * DAY_MS) for days in (settings.INBOX_DAYS - 1, 0)]
    store.add_inbox(rows)

    store.purge(limit=100)

    assert len(store.inbox_page(user, limit=9).entries) == 2
