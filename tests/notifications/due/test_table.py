"""The due-time table on a real database: nothing is claimed twice, nothing comes back to life, nothing is forgotten."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from foundation.errors import Conflict, ControlPlaneUnavailable
from notifications.due import table
from notifications.due.table import DueEntry

NOW = 1_800_000_000_000
LANES = ("standard", "bulk")


def entry(number: int = 1, **changes) -> DueEntry:
    values = {
        "identity": f"n{number}:push:retry:2",
        "notification_id": f"n{number}",
        "user": "usr_1",
        "channel": "push",
        "lane": "standard",
        "kind": "retry",
        "due_at": NOW,
        "topic": "notifications.push",
        "key": "usr_1",
        "value": b"{}",
    }
    return DueEntry(**{**values, **changes})


def claim(now=NOW, limit=100, owner="one", lanes=LANES):
    return table.claim(lanes, now=now, limit=limit, owner=owner, lease_s=30)


@pytest.mark.django_db
def test_what_is_due_is_claimed_once_in_the_order_of_its_time():
    table.put([entry(1, due_at=NOW), entry(2, due_at=NOW - 5), entry(3, due_at=NOW + 1), entry(4, lane="critical")])
    assert [row.notification_id for row in claim(owner="one")] == ["n2", "n1"]
    assert claim(owner="two") == []
    assert [row.notification_id for row in claim(lanes=("critical",))] == ["n4"]


@pytest.mark.django_db
def test_the_same_identity_again_changes_nothing_even_when_it_is_long_done():
    table.put([entry(value=b"first")])
    table.put([entry(value=b"second")])
    assert [row.value for row in claim()] == [b"first"]
    table.finish([entry().identity])
    table.put([entry(value=b"third")])
    assert claim() == []
    assert list(table.waiting()) == []


@pytest.mark.django_db
def test_an_expired_lease_gives_the_row_again_marked_with_the_time_it_first_had():
    table.put([entry()])
    (first,) = claim(owner="dies")
    assert (first.repeat, first.claimed_at) == (False, NOW)
    assert claim(now=NOW + 29_000) == []
    (again,) = claim(now=NOW + 30_000, owner="lives")
    assert (again.repeat, again.claimed_at) == (True, NOW)


@pytest.mark.django_db
def test_a_mark_given_at_the_start_stays():
    table.put([entry(repeat=True)])
    assert claim()[0].repeat is True


@pytest.mark.django_db
def test_cancel_says_what_and_answers_the_same_again():
    table.put([entry(), entry(identity="n1:email:quiet_hours:1", channel="email", kind="quiet_hours")])
    first = table.cancel("n1")
    assert [(row["channel"], row["kind"], row["due_at"]) for row in first] == [
        ("email", "quiet_hours", NOW),
        ("push", "retry", NOW),
    ]
    assert table.cancel("n1") == first
    assert claim() == []


@pytest.mark.django_db
def test_what_is_claimed_or_gone_cannot_be_cancelled():
    table.put([entry()])
    claim()
    with pytest.raises(Conflict):
        table.cancel("n1")
    with pytest.raises(Conflict):
        table.cancel("never heard of")


@pytest.mark.django_db
def test_waiting_streams_claimed_ones_too_until_they_are_finished():
    table.put([entry(1), entry(2, due_at=NOW + 10)])
    claim()
    assert sorted(table.waiting()) == [("n1", "push", "retry", NOW), ("n2", "push", "retry", NOW + 10)]
    table.finish([entry(1).identity])
    assert [row[0] for row in table.waiting()] == ["n2"]


@pytest.mark.django_db
def test_purge_forgets_what_was_done_before_and_nothing_that_waits():
    table.put([entry(1), entry(2, due_at=NOW - 10**10)])
    claim(limit=1)
    table.finish([entry(2).identity])
    assert table.purge(before=0) == 0
    assert table.purge(before=NOW * 2) == 1
    assert [row[0] for row in table.waiting()] == ["n1"]


@pytest.mark.django_db(transaction=True)
def test_several_schedulers_at_once_share_without_doubling():
    table.put([entry(number) for number in range(300)])
    claimed: list[str] = []

    def scheduler(name: str) -> None:
        while rows := claim(limit=20, owner=name):
            claimed.extend(row.identity for row in rows)
        connection.close()

    threads = [threading.Thread(target=scheduler, args=(f"s{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(claimed) == len(set(claimed)) == 300


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_named_as_such():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE due_duerow RENAME TO due_away")
    try:
        with pytest.raises(ControlPlaneUnavailable):
            table.put([entry()])
        with pytest.raises(ControlPlaneUnavailable):
            claim()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE due_away RENAME TO due_duerow")
