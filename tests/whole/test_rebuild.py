"""The due-time table from yesterday's backup: what was put since then comes due exactly once, what has gone doesn't."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from django.core.management import call_command
from django.db.models import F

from delivery import scheduling
from delivery.models import DeadLetter
from delivery.providers.sandbox import switches
from foundation.clock import now_ms, to_rfc3339
from notifications.cancelling import cancel
from notifications.due import table
from notifications.due.models import DueRow
from notifications.topology import LANES
from tests.pipeline import SENDER, Pipeline
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, inbox, later, outbox, tries, waiting

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ORDER = {"order": "A1"}
HOUR = 3_600_000


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    make_type("order_shipped", channels=["in_app", "email"], priority="high")
    make_type("code", channels=["push", "email"], priority="critical")
    make_type("news", channels=["email"], priority="low")
    make_user("usr_42", email="ann@example.com", token="a" * 64)
    return pipeline


def scheduled() -> str:
    return to_rfc3339(now_ms() + HOUR)


def rebuild(*arguments: str) -> str:
    out = StringIO()
    call_command("due", "rebuild", *arguments, stdout=out)
    return out.getvalue()


def backup() -> list[DueRow]:
    return list(DueRow.objects.all())


def restore(rows: list[DueRow]) -> None:
    """The table as it was; what parked since is forgotten with it."""
    DueRow.objects.all().delete()
    DeadLetter.objects.all().delete()
    DueRow.objects.bulk_create(rows)


def come_due(identity: str) -> None:
    """Only this one's time comes."""
    DueRow.objects.filter(pk=identity).update(claimed_at=F("due_at"))  # as by a beat that was there on the minute
    DueRow.objects.filter(pk=identity).update(due_at=now_ms())
    scheduling.release(LANES)


def identities() -> set[str]:
    return {row.identity for row in waiting()}


def test_what_was_put_since_the_backup_comes_due_exactly_once(people: Pipeline):
    yesterday = backup()
    later_on = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    switches.set_mode("ses", "transient")
    switches.set_mode("apns", "transient")
    failing = people.send("order_shipped", "usr_42", data=ORDER)
    code = people.send("code", "usr_42", data=ORDER)
    given_up = people.send("news", "usr_42", data=ORDER)
    people.run()
    before = {row.identity: row for row in waiting()}
    assert len(before) == 4  # the schedule, the retry, two of the critical one
    letters = set(DeadLetter.objects.values_list("pk", "reason"))
    assert letters

    restore(yesterday)
    assert "4 rows would be put, 1 dead letters would be parked" in rebuild("--dry-run")
    assert not waiting()
    assert "4 rows put, 1 dead letters parked" in rebuild()
    assert "0 rows put, 0 dead letters parked" in rebuild()
    assert identities() == set(before)
    assert set(DeadLetter.objects.values_list("pk", "reason")) == letters
    for row in waiting():
        was = before[row.identity]
        assert abs(row.due_at - was.due_at) < 2_000
        assert (row.topic, row.key, row.lane, row.kind, row.repeat) == (was.topic, was.key, was.lane, was.kind, True)

    switches.set_mode("ses", "ok")
    switches.set_mode("apns", "ok")
    later(people)
    assert sorted(inbox("usr_42")) == sorted([later_on, failing])
    assert outbox(later_on) == {"ann@example.com": (1, 1)}
    assert outbox(failing) == {"ann@example.com": (2, 1)}
    assert outbox(code) == {"ann@example.com": (2, 1), "a" * 64: (2, 1)}
    assert outbox(given_up) == {}
    assert not waiting()
    assert "0 rows put" in rebuild()
    assert_accounted_for()


def test_what_has_gone_since_the_backup_does_not_go_again(people: Pipeline):
    released = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    cancelled = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    still = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    people.run()
    yesterday = backup()
    assert len(yesterday) == 3
    # Since then: one goes out, its mail fails and is sent a second later; one is cancelled; a new one goes out.
    come_due(next(row.identity for row in yesterday if row.notification_id == released))
    cancel(cancelled, SENDER)
    fresh = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    switches.set_mode("ses", "transient")
    people.run()
    come_due(next(row.identity for row in waiting() if row.notification_id == fresh))
    people.run()
    switches.set_mode("ses", "ok")
    for row in waiting():
        if row.kind == "retry":
            come_due(row.identity)
    people.run()
    assert outbox(released) == {"ann@example.com": (2, 1)}

    restore(yesterday)
    told = rebuild()
    assert "0 rows put" in told
    assert "2 rows of the backup had gone since" in told
    assert [row.notification_id for row in waiting()] == [still]
    later(people)
    assert sorted(inbox("usr_42")) == sorted([released, fresh, still])
    assert outbox(released) == {"ann@example.com": (2, 1)}
    assert outbox(still) == {"ann@example.com": (1, 1)}
    assert outbox(cancelled) == {}
    assert_accounted_for()


def test_what_went_out_unseen_is_found_before_it_is_sent_again(people: Pipeline):
    """A row that was released just before the crash: nothing on the log tells of its try yet."""
    switches.set_mode("ses", "transient")
    id = people.send("order_shipped", "usr_42", data=ORDER)
    people.run()
    (row,) = waiting()
    switches.set_mode("ses", "ok")
    come_due(row.identity)  # its record is on the email topic, and nobody has taken it
    restore([])
    assert "1 rows put" in rebuild()
    people.run()
    later(people)
    assert tries(id, "email") == [(1, "failed"), (2, "sent")]
    assert outbox(id) == {"ann@example.com": (2, 1)}
    assert_accounted_for()


def test_a_row_that_went_round_the_away_database_is_found_too(people: Pipeline):
    from notifications.due import detour
    from notifications.log import get_log

    id = people.send("order_shipped", "usr_42", data=ORDER, schedule_at=scheduled())
    people.run()
    (row,) = waiting()
    (entry,) = table.claim(["standard"], now=row.due_at, limit=1, owner="t", lease_s=1)
    restore([])
    moved = msgspec.structs.replace(entry, identity=f"{id}:*:other")
    get_log().produce(detour.messages([moved]))
    assert "2 rows put" in rebuild()
