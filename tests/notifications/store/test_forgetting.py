"""Contract of the store, erasing: all there is of one user goes, and nothing of anybody else."""

from __future__ import annotations

import pytest

from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications.store.port import StateChange, Store
from tests.notifications.store.rows import cell, decided, inbox_row, new_user

pytestmark = pytest.mark.django_db(databases=["store"])


def test_a_user_is_forgotten_and_the_others_are_not(store: Store) -> None:
    ann, ben = new_user(), new_user()
    rows = [inbox_row(ann), inbox_row(ann), inbox_row(ben)]
    store.add_inbox(rows)
    outside = new_notification_id()
    ids = [row.id for row in rows] + [outside]
    users = [ann, ann, ben, ann]
    store.record(
        [cell(id, user=user) for id, user in zip(ids, users, strict=True)],
        [decided(id, user, ["push"], now=now_ms()) for id, user in zip(ids, users, strict=True)],
    )
    store.change_state([StateChange(user=ann, id=ids[0], at=1, read=True)])

    assert store.forget_user(ann) == 3
    assert store.forget_user(ann) == 0

    assert store.inbox_page(ann, limit=10).entries == []
    assert store.user_timeline(ann, limit=10) == []
    assert set(store.details(ids)) == set(store.timelines(ids)) == {ids[2]}
    assert [entry.row.id for entry in store.inbox_page(ben, limit=10).entries] == [ids[2]]
