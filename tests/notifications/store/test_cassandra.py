"""What is Cassandra's own: batches, a cluster that isn't there yet, the schema's command."""

from __future__ import annotations

import socket
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as platform
from django.core.management import CommandError, call_command

from foundation.clock import now_ms
from foundation.errors import StoreUnavailable
from foundation.identifiers import new_notification_id
from notifications.records import Content
from tests.notifications.store.rows import cell, decided, inbox_row, new_user

if platform.STORE_ENGINE != "cassandra":
    pytest.skip("needs STORE_ENGINE=cassandra", allow_module_level=True)

from cassandra.cqlengine import connection as registry

from notifications.store.cassandra import CassandraStore, schema, session, writing
from notifications.store.cassandra.reading import read
from notifications.store.cassandra.stamps import first_wins, moment_of

pytestmark = pytest.mark.django_db(databases=["store"])
ELSEWHERE = "elsewhere"


def rows_in(table: str, key: str, value: str) -> int:
    [(count,)] = read(f"SELECT COUNT(*) FROM {{ks}}.{table} WHERE {key} = ?", value)
    return int(count)


def test_one_row_carries_all_cells_of_a_delivery_and_the_same_again_adds_none() -> None:
    id, store = new_notification_id(), CassandraStore()
    cells = [cell(id, send=send, attempt=n) for send in ("phone", "tablet") for n in (1, 2)]

    for _ in range(3):
        store.record(cells)

    assert len(store.timelines([id])[id]) == 4
    assert rows_in("delivery_log", "notification", id) == 1


def test_only_what_isnt_in_the_inbox_costs_a_row_for_the_timeline() -> None:
    user, now, store = new_user(), now_ms(), CassandraStore()

    store.record([], [decided(new_notification_id(), user, channels, now=now) for channels in (["in_app"], ["sms"])])

    assert rows_in("notifications_by_user", "user", user) == 1


def test_batches_are_bounded_by_rows_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[Any] = []
    whole = writing._batches
    monkeypatch.setattr(writing, "_batches", lambda writes: [batches.append(b) or b for b in whole(writes)])

    CassandraStore().add_inbox([inbox_row(new_user(), content=Content(body="x" * 1_000)) for _ in range(200)])

    assert sum(map(len, batches)) == 200
    assert max(map(len, batches)) < 40  # of some 1,100 bytes each


def test_a_batch_that_the_server_finds_too_large_goes_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BYTES_A_BATCH", 10**9)
    user, store = new_user(), CassandraStore()
    rows = [inbox_row(f"{user}{n}", content=Content(body="x" * 200_000)) for n in range(5)]

    store.add_inbox(rows)

    assert all(store.inbox_entries(row.user, [row.id]) for row in rows)


def test_a_cluster_that_comes_later_is_found_then(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, socket.socket() as taken:
        patch.setattr(session, "ALIAS", ELSEWHERE)
        patch.setattr(session, "REST_S", 0)
        patch.setattr(session, "_connecting", session._Connecting())
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with monkeypatch.context() as away:
            away.setitem(platform.CASSANDRA, "port", taken.getsockname()[1])
            session._register_again()
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="can't be reached"):
                    CassandraStore().details(["n1"])
        session._register_again()

        assert CassandraStore().details(["n1"]) == {}
        registry.unregister_connection(ELSEWHERE)


def test_missing_tables_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(platform.CASSANDRA, "keyspace", "nobody_made_this")
        with pytest.raises(StoreUnavailable, match=r"manage\.py store create"):
            CassandraStore().timelines(["n1"])


def test_the_command_says_what_differs_and_create_mends_it(settings: Any) -> None:
    out = StringIO()
    call_command("store", "check", stdout=out)
    assert out.getvalue() == "as it should be\n"

    settings.INBOX_DAYS = 30
    with pytest.raises(CommandError, match="4 differ"):
        call_command("store", "check", stdout=out)
    assert "notifications_by_user keeps rows for 90 days, INBOX_DAYS is 30" in out.getvalue()

    call_command("store", "create", stdout=StringIO())
    call_command("store", "check", stdout=StringIO())
    settings.INBOX_DAYS = 90
    schema.create()


def test_other_replication_than_the_settings_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(platform.CASSANDRA, "replication", 3)
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("store", "check", stdout=out)

    assert "replication is" in out.getvalue()


def test_the_earlier_writer_has_the_greater_stamp_and_can_be_read_back() -> None:
    at = now_ms()

    assert first_wins(at, at + 5) > first_wins(at, at + 6)
    assert moment_of(first_wins(at, at + 86_400_000), at) == at + 86_400_000
    assert first_wins(at + 1_000, at + 61_000) > first_wins(at, at)
