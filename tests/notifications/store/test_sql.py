"""What is the SQL engine's own: purging, and a database that is away."""

from __future__ import annotations

import pytest
from django.conf import settings as platform
from django.db import OperationalError

from foundation.clock import now_ms
from foundation.errors import StoreUnavailable
from foundation.identifiers import new_notification_id
from notifications.store.port import StateChange, Store
from tests.notifications.store.rows import inbox_row, new_user

pytestmark = [
    pytest.mark.django_db(databases=["store"]),
    pytest.mark.skipif(platform.STORE_ENGINE != "sql", reason="needs STORE_ENGINE=sql"),
]
DAY_MS = 86_400_000


@pytest.fixture
def store(db: None) -> Store:
    from notifications.store.sql import SqlStore

    return SqlStore()


def id_drawn_at(ms: int) -> str:
    return f"notif_{ms:012x}{new_notification_id()[18:]}"


def test_purging_goes_by_the_limit_and_spares_what_was_scheduled(store: Store, settings) -> None:
    user, now = new_user(), now_ms()
    long_ago = now - (settings.INBOX_DAYS + 1) * DAY_MS
    old = [inbox_row(user, id=id_drawn_at(long_ago + i), at=long_ago + i) for i in range(3)]
    scheduled = inbox_row(user, id=id_drawn_at(long_ago), at=now - DAY_MS)
    fresh = inbox_row(user)
    store.add_inbox([*old, scheduled, fresh])
    store.change_state([StateChange(user=user, id=row.id, at=now, read=True) for row in (*old, fresh)])

    assert [store.purge(limit=2) for _ in range(3)] == [2, 1, 0]
    entries = store.inbox_page(user, limit=9).entries
    assert [(entry.row.id, entry.read) for entry in entries] == [(fresh.id, True), (scheduled.id, False)]


def test_a_database_that_is_away_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.store.sql import inbox as sql_inbox

    def locked(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(sql_inbox, "_columns", locked)

    with pytest.raises(StoreUnavailable, match="locked"):
        store.add_inbox([inbox_row(new_user())])
