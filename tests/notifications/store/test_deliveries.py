"""Contract of the store, the delivery log and the decisions (contract §6)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.store.port import LogEntry, Store
from tests.notifications.store.rows import cell, decided, inbox_row, new_user

pytestmark = pytest.mark.django_db(databases=["store"])


def test_a_cell_comes_back_as_it_was_written(store: Store) -> None:
    entry = cell(new_notification_id(), detail={"provider": "fcm", "stamps": {"sent": 5}, "reason": None})

    store.record([entry])

    assert store.timelines([entry.id]) == {entry.id: [entry]}


def test_an_empty_id_has_nothing(store: Store) -> None:
    entry = cell(new_notification_id())
    store.record([entry])

    assert store.timelines(["", entry.id]) == {entry.id: [entry]}
    assert store.details([""]) == {}


def test_a_lower_rank_changes_nothing(store: Store) -> None:
    id = new_notification_id()
    store.record([cell(id, status="delivered", rank=30, at=1_000)])

    store.record([cell(id, status="sent", rank=10, at=9_000)])

    assert [entry.status for entry in store.timelines([id])[id]] == ["delivered"]


def test_of_equal_ranks_the_later_wins(store: Store) -> None:
    id = new_notification_id()

    store.record([cell(id, status="retrying", at=2_000), cell(id, status="failed", at=1_000)])

    assert [entry.status for entry in store.timelines([id])[id]] == ["retrying"]


WRITES = st.lists(
    st.builds(
        lambda send, attempt, rank, at, word: ("n", send, attempt, rank, at, word),
        st.sampled_from(["", "a"]),
        st.integers(1, 2),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from(["x", "y"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=WRITES, data=st.data())
def test_any_order_any_number_of_times_and_batches(store: Store, writes: list, data: st.DataObject) -> None:
    def entries(notification: str, rows: list) -> list[LogEntry]:
        return [
            cell(notification, send=send, attempt=attempt, rank=rank, at=at, status=word, detail={"word": word})
            for _, send, attempt, rank, at, word in rows
        ]

    one, other = new_notification_id(), new_notification_id()
    store.record(entries(one, writes))
    for row in data.draw(st.permutations(writes + writes[:2])):
        store.record(entries(other, [row]))

    found = store.timelines([one, other])
    shape = [[(e.send, e.attempt, e.rank, e.at, e.status, e.detail) for e in found[id]] for id in (one, other)]
    assert shape[0] == shape[1]
    for entry in found[one]:
        rivals = [(r[3], r[4]) for r in writes if (r[1], r[2]) == (entry.send, entry.attempt)]
        assert (entry.rank, entry.at) == max(rivals)


def test_timelines_are_by_time_and_of_many_at_once(store: Store) -> None:
    ids = [new_notification_id() for _ in range(1_500)]
    store.record([cell(id, attempt=n, at=9_000 - n) for id in ids for n in (1, 2)])

    found = store.timelines(ids)

    assert set(found) == set(ids)
    assert [entry.attempt for entry in found[ids[700]]] == [2, 1]


def test_cells_are_those_of_the_channel_asked_for(store: Store) -> None:
    id, other = new_notification_id(), new_notification_id()
    store.record([cell(id, channel="push"), cell(id, channel="email"), cell(other, channel="push")])

    found = store.cells([(id, "push"), (other, "sms")])

    assert set(found) == {(id, "push")}
    assert [entry.channel for entry in found[id, "push"]] == ["push"]


def test_the_first_decision_stays_and_one_for_other_channels_is_added(store: Store) -> None:
    id, user, now = new_notification_id(), new_user(), now_ms()
    first = decided(id, user, ["in_app", "push"], now=now)
    fallback = decided(id, user, ["email"], now=now + 1)
    store.record_details([first])

    again = msgspec.structs.replace(decided(id, user, ["push", "in_app"], now=now), tracked_at=now + 5)
    store.record_details([again, fallback])

    assert store.details([id, "notif_none"]) == {id: [first, fallback]}


def test_a_users_timeline_is_newest_first_in_pages(store: Store) -> None:
    user, now = new_user(), now_ms()
    details = [decided(new_notification_id(), user, ["sms"], now=now + i) for i in range(5)]
    store.record_details([*details, decided(new_notification_id(), new_user(), ["sms"], now=now)])

    first = store.user_timeline(user, limit=3)
    rest = store.user_timeline(user, limit=3, before=first[-1].decision.at)

    assert [*first, *rest] == details[::-1]


def test_a_users_timeline_holds_what_is_in_the_inbox_and_what_never_was(store: Store) -> None:
    user, now = new_user(), now_ms()
    shown, outside, parked = (new_notification_id() for _ in range(3))
    kept = [
        decided(shown, user, ["in_app", "push"], now=now),
        decided(outside, user, ["email"], now=now + 1),
        decided(parked, user, ["in_app"], now=now + 2),
    ]
    store.record([], kept)
    store.add_inbox([inbox_row(user, id=shown, at=now)])
    store.record([cell(parked, user=user, channel="in_app", status="parked", rank=100)])

    assert store.user_timeline(user, limit=9) == kept[::-1]


def test_decisions_and_cells_in_one_call(store: Store) -> None:
    id, user = new_notification_id(), new_user()
    details, entry = decided(id, user, ["push"], now=now_ms()), cell(id, user=user)

    store.record([entry], [details])

    assert store.details([id]) == {id: [details]}
    assert store.timelines([id]) == {id: [entry]}
