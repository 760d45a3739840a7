"""Contract of the store, read state: marks and exceptions come out the same in any order (contract §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.clock import now_ms
from notifications.store.port import InboxEntry, StateChange, Store
from tests.notifications.store.rows import inbox_row, new_user

pytestmark = pytest.mark.django_db(databases=["store"])
T = now_ms()


def entry_after(store: Store, *steps: Callable[[Store, str, str], None], stored_at: int = T) -> InboxEntry:
    row = inbox_row(new_user(), at=T, stored_at=stored_at)
    store.add_inbox([row])
    for step in steps:
        step(store, row.user, row.id)
    [entry] = store.inbox_entries(row.user, [row.id])
    return entry


def change(at: int, **parts: bool) -> Callable[[Store, str, str], None]:
    return lambda store, user, id: store.change_state([StateChange(user=user, id=id, at=at, **parts)])


def mark(at: int) -> Callable[[Store, str, str], None]:
    return lambda store, user, id: store.read_all(user, at)


def test_a_mark_reads_what_was_stored_until_then(store: Store) -> None:
    assert entry_after(store, mark(T)).read
    assert entry_after(store, mark(T)).seen
    assert not entry_after(store, mark(T - 1)).read


def test_a_mark_leaves_opened_and_archived_alone(store: Store) -> None:
    entry = entry_after(store, mark(T))

    assert (entry.opened, entry.archived) == (False, False)


def test_unread_after_a_mark_stands_and_a_later_mark_ends_it(store: Store) -> None:
    assert not entry_after(store, mark(T + 5), change(T + 6, read=False)).read
    assert entry_after(store, mark(T + 5), change(T + 6, read=False), mark(T + 7)).read


def test_a_mark_never_goes_back(store: Store) -> None:
    assert entry_after(store, mark(T + 5), mark(T - 5)).read


def test_each_part_is_its_own(store: Store) -> None:
    entry = entry_after(store, change(T + 2, read=True), change(T + 1, seen=True, archived=True))

    assert (entry.read, entry.seen, entry.opened, entry.archived) == (True, True, False, True)


def test_one_batch_may_hold_several_changes_of_one_row(store: Store) -> None:
    row = inbox_row(new_user(), at=T)
    store.add_inbox([row])

    store.change_state(
        [
            StateChange(user=row.user, id=row.id, at=T + 2, read=False),
            StateChange(user=row.user, id=row.id, at=T + 1, read=True),
        ]
    )

    assert not store.inbox_entries(row.user, [row.id])[0].read


class Step(NamedTuple):
    at: int
    part: str
    value: bool


TIMES = st.integers(T - 4, T + 4)
STEPS = st.lists(
    st.builds(Step, TIMES, st.sampled_from(["read", "seen", "opened", "archived", "mark"]), st.booleans()), max_size=6
)


def expected(steps: list[Step], part: str, stored_at: int) -> bool:
    """The rule in words: the latest says; of two at one time, the one that sets; a mark covers what it covers."""
    said = [(s.at, s.value) for s in steps if s.part == part]
    if part in ("read", "seen"):
        said += [(m, True) for m in [max((s.at for s in steps if s.part == "mark"), default=0)] if stored_at <= m]
    return max(said, default=(0, False))[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, stored_at=TIMES, data=st.data())
def test_any_order_any_number_of_times(store: Store, steps: list[Step], stored_at: int, data: st.DataObject) -> None:
    done = data.draw(st.permutations(steps + steps[:2]))

    entry = entry_after(
        store,
        *[mark(step.at) if step.part == "mark" else change(step.at, **{step.part: step.value}) for step in done],
        stored_at=stored_at,
    )

    for part in ("read", "seen", "opened", "archived"):
        assert getattr(entry, part) == expected(steps, part, stored_at)
    user, id, kept = entry.row.user, entry.row.id, not entry.archived
    unread, unseen = store.unread_ids([user])[user]
    assert (id in unread, id in unseen) == (kept and not entry.read, kept and not entry.seen)
    found = store.inbox_page(user, limit=1, unread=True, archived=entry.archived).entries
    assert bool(found) == (not entry.read)
