"""MySQL down (contract §9): cached users go on, the rest waits without losing an attempt, schedules are late."""

from __future__ import annotations

import pytest

from delivery import housekeeping, scheduling
from foundation.clock import now_ms, to_rfc3339
from foundation.redis import get_redis, key
from notifications import credentials, idempotency
from notifications.due.models import DueRow
from notifications.log import get_log
from notifications.log.port import LogRecord, Message
from notifications.models import IdempotencyKey
from notifications.records import HEADER_REPEAT, ChannelRecord, decode
from notifications.sending import SendRequest, Target
from notifications.topology import LANES, RAW, channel_topic
from preferences.profiles import profiles
from templates_app.catalog import get_catalog
from templates_app.texts import TEXTS
from tests.notifications.api.calling import Caller
from tests.pipeline import Pipeline
from tests.sql_away import sql_away
from tests.whole.conftest import make_type, make_user
from tests.whole.looking import assert_accounted_for, channels, inbox, outbox

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

DAY_MS = 24 * 3_600_000
ORDER = {"order": "A1"}


@pytest.fixture
def people(pipeline: Pipeline) -> Pipeline:
    """Two users; the caches know ann. Everything was used once."""
    make_type("order_shipped", channels=["in_app", "email"], priority="normal")
    make_type("login_code", channels=["email"], priority="critical", category="security")
    make_user("ann", email="ann@example.com")
    make_user("ben", email="ben@example.com")
    for name in ("order_shipped", "login_code"):
        pipeline.send(name, "ann", data=ORDER)
    pipeline.run()
    cache("ann")
    return pipeline


def records(topic: str, id: str) -> list[LogRecord]:
    """What is on a topic of one notification."""
    log = get_log()
    found = [each for p, end in log.end_offsets(topic).items() for each in log.read(topic, p, 0, end)]
    return [each for each in found if id.encode() in each.value]


def start_anew() -> None:
    """As in a process that starts now."""
    get_catalog.cache_clear()
    TEXTS.clear()
    credentials._local.clear()


def cache(user: str) -> None:
    """As if the user had just been notified."""
    profiles([user])


def send(pipeline: Pipeline, user: str, key: str | None = None) -> str:
    return pipeline.send_many([keyed(user, key)])[0]


def keyed(user: str, key: str | None) -> SendRequest:
    return SendRequest(type="order_shipped", target=Target("user", user), data=ORDER, idempotency_key=key)


def run_without_retry(pipeline: Pipeline) -> None:
    """Until only the retry scheduler, which waits for the database, has anything left."""
    for _ in range(200):
        if not set(pipeline.lag()) - {"notifications.dlq"}:
            return
        pipeline.turns(5)
    raise AssertionError(pipeline.lag())


def recover(pipeline: Pipeline) -> None:
    """The database is back, and a few ticks of beat have passed."""
    pipeline.run()
    while scheduling.release(LANES):
        pipeline.run()


def test_cached_users_go_on_and_the_others_wait_also_where_everything_starts_anew(people: Pipeline):
    service = Caller("notifications:send", "notifications:read")
    body = {"type": "order_shipped", "data": ORDER}
    service.post("notifications", body | {"target": {"type": "user", "user_id": "ann"}})
    people.run()
    before = inbox("ann")
    start_anew()
    with sql_away():
        answers = [
            service.post("notifications", body | {"target": {"type": "user", "user_id": user}})
            for user in ("ben", "ann", "ann", "ben")
        ]
        assert [answer.status_code for answer in answers] == [202] * 4
        ids = [answer.json()["notification_id"] for answer in answers]
        run_without_retry(people)
        assert inbox("ann") == [ids[2], ids[1], *before]
        assert outbox(ids[1]) == {"ann@example.com": (1, 1)}
        assert service.get(f"notifications/{ids[0]}").json()["status"] == "accepted"
        assert inbox("ben") == []
    recover(people)
    assert inbox("ben") == [ids[3], ids[0]]
    assert outbox(ids[0]) == {"ben@example.com": (1, 1)}
    assert_accounted_for()


def test_the_critical_lane_too(people: Pipeline):
    with sql_away():
        known, unknown = people.send("login_code", "ann", data=ORDER), people.send("login_code", "ben", data=ORDER)
        run_without_retry(people)
        assert outbox(known) == {"ann@example.com": (1, 1)}
        assert outbox(unknown) == {}
    recover(people)
    assert outbox(unknown) == {"ben@example.com": (1, 1)}
    assert_accounted_for()


def test_one_that_must_wait_twice_is_not_lost(people: Pipeline):
    with sql_away():
        id = send(people, "ben")
        run_without_retry(people)
    people.run()
    get_redis().delete(key("profile:") + "ben")
    assert scheduling.release(LANES) == 1
    with sql_away():
        run_without_retry(people)
    recover(people)
    assert inbox("ben") == [id]
    assert DueRow.objects.count() == 2
    assert_accounted_for()


def test_a_schedule_is_late_and_not_lost(people: Pipeline):
    soon = to_rfc3339(now_ms() + 3_600_000)
    with sql_away():
        later = people.send("order_shipped", "ann", data=ORDER, schedule_at=soon)
        now = send(people, "ann")
        run_without_retry(people)
        assert inbox("ann")[0] == now
    people.run()
    (row,) = DueRow.objects.all()
    assert (row.notification_id, row.kind) == (later, "schedule")
    DueRow.objects.update(due_at=now_ms())
    recover(people)
    assert inbox("ann")[:2] == [later, now]
    assert_accounted_for()


class TestKeys:
    def test_redis_vouches_for_what_it_held_all_day(self, people: Pipeline):
        get_redis().set(key("epoch"), now_ms() - DAY_MS - 60_000)
        with sql_away():
            id = send(people, "ann", "k1")
            assert send(people, "ann", "k1") == id
            run_without_retry(people)
            assert inbox("ann")[0] == id
        assert not IdempotencyKey.objects.exists()
        housekeeping.keep()
        people.run()
        assert IdempotencyKey.objects.get().notification_id == id
        get_redis().flushdb()
        assert send(people, "ann", "k1") == id
        assert_accounted_for()

    def test_an_emptied_redis_gets_the_keys_back_and_vouches_again(self, people: Pipeline):
        id = send(people, "ann", "k1")
        people.run()
        get_redis().flushdb()
        housekeeping.keep()
        cache("ann")
        with sql_away():
            assert send(people, "ann", "k1") == id
            other = send(people, "ann", "k2")
            run_without_retry(people)
            assert inbox("ann")[:2] == [other, id]
        recover(people)
        assert_accounted_for()

    def test_what_nobody_can_vouch_for_waits_and_what_follows_for_its_user(self, people: Pipeline):
        first = send(people, "ann", "k1")
        people.run()
        get_redis().flushdb()  # and the database is away before the keys are back
        cache("ann")
        get_catalog().forget()
        get_catalog().names()
        with sql_away():
            second = send(people, "ann", "k1")
            third = send(people, "ann")
            people.bridge.turn()
            run_without_retry(people)
            assert second not in inbox("ann")
        recover(people)
        assert channels(second) == dict.fromkeys(("in_app", "email"), ("dropped", "duplicate"))
        assert inbox("ann")[0] == third
        assert inbox("ann").count(first) == 1
        assert_accounted_for()

    def test_a_copy_that_waited_has_the_place_in_the_inbox_of_the_one_that_went_through(self, people: Pipeline):
        id = send(people, "ben", "k1")
        (record,) = records(RAW, id)
        people.run()
        get_redis().flushdb()
        with sql_away():
            get_log().produce([Message(RAW, record.key, record.value, {HEADER_REPEAT: "1"})])
            run_without_retry(people)
        recover(people)
        assert inbox("ben") == [id]
        made = [decode(ChannelRecord, each.value) for each in records(channel_topic("in_app", "standard"), id)]
        assert len(made) == 2
        assert len({each.now for each in made}) == 1
        assert_accounted_for()


def test_housekeeping_goes_on_for_the_other_servers(people: Pipeline):
    with sql_away():
        housekeeping.keep()
    assert idempotency.redis_knows() is False
    housekeeping.keep()
    assert idempotency.redis_knows()
