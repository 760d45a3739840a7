"""Accepting while the log is away: what is spooled, what is refused, what is said of it."""

from __future__ import annotations

import threading

import pytest

from foundation.clock import now_ms
from foundation.errors import LogUnavailable, Unavailable
from notifications import spool
from notifications.accept import accept
from notifications.lookup import find_event
from notifications.records import Event, decode
from notifications.sending import Accepted
from notifications.spool.away import AWAY, Away
from notifications.spool.file import read
from notifications.spool.owners import Owned
from notifications.topology import BULK, CRITICAL, RAW
from tests.notifications.accepting import RAISER, a_request, make_type, written
from tests.notifications.api.calling import Caller, assert_problem
from tests.outage import Outage

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("fresh_process", "own_spool")]


def post(*priorities: str, **fields):
    return accept([a_request(priority=each, **fields) for each in priorities], RAISER, now=now_ms())


def spooled(owned: Owned) -> list[tuple[str, Event]]:
    return [(line.message.topic, decode(Event, line.message.value)) for line in read(owned.file.path)]


def test_with_the_log_there_nothing_is_spooled(empty_log: None, own_spool: Owned):
    make_type()
    post("critical", "high")
    assert len(written()) == 2
    assert spooled(own_spool) == []


def test_a_critical_one_is_spooled_as_it_would_stand_on_the_log(outage: Outage, own_spool: Owned):
    make_type()
    outage.begin()
    (answer,) = post("critical")
    [(topic, event)] = spooled(own_spool)
    assert topic == CRITICAL
    assert event.recipients[0].id == answer.notification_id
    assert AWAY.topics.keys() == {CRITICAL}


def test_the_rest_is_refused_each_item_its_own_result(outage: Outage, own_spool: Owned):
    make_type()
    outage.begin()
    first, refused, last = post("critical", "high", "critical")
    assert isinstance(refused, Unavailable)
    assert refused.retry_after
    ids = [event.recipients[0].id for _, event in spooled(own_spool)]
    assert ids == [first.notification_id, last.notification_id]


def test_where_nothing_may_be_spooled_the_call_fails(outage: Outage, own_spool: Owned):
    make_type()
    outage.begin()
    with pytest.raises(LogUnavailable):
        post("high", "low")
    assert spooled(own_spool) == []


def test_every_lane_is_spooled_where_that_is_switched_on(outage: Outage, own_spool: Owned, settings):
    settings.SPOOL_ALL = True
    make_type()
    outage.begin()
    assert all(isinstance(answer, Accepted) for answer in post("high", "critical", "low"))
    assert [topic for topic, _ in spooled(own_spool)] == [RAW, CRITICAL, BULK]


def test_a_full_spool_refuses(outage: Outage, own_spool: Owned, settings):
    make_type()
    settings.SPOOL_ALL = True
    outage.begin()
    own_spool.file.close()
    with pytest.raises(LogUnavailable):
        post("critical")


def test_no_spool_no_202(outage: Outage):
    spool.use(None)
    make_type()
    outage.begin()
    with pytest.raises(LogUnavailable):
        post("critical")


def test_while_it_is_away_nobody_waits_for_it_and_what_comes_queues_up(outage: Outage, own_spool: Owned):
    make_type()
    outage.begin()
    post("critical")
    outage.end()
    post("critical")  # the log would take it, but the first isn't there yet
    assert len(spooled(own_spool)) == 2
    assert written() == []


class TestOverHttp:
    def test_202_for_critical_503_for_the_rest_and_its_status_is_accepted(self, outage: Outage, own_spool: Owned):
        make_type()
        service = Caller("notifications:send", "notifications:read", "priority:raise")
        event = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": {}}
        outage.begin()
        answer = service.post("notifications", event | {"priority": "critical"})
        assert answer.status_code == 202
        told = service.get(f"notifications/{answer.json()['notification_id']}")
        assert (told.status_code, told.json()["status"]) == (200, "accepted")
        refused = service.post("notifications", event)
        assert_problem(refused, 503)
        assert int(refused["Retry-After"]) > 0
        mixed = service.post("notifications/batch", {"notifications": [event, event | {"priority": "critical"}]})
        assert mixed.status_code == 202
        first, second = mixed.json()["results"]
        assert first["error"]["status"] == 503
        assert first["error"]["retry_after"] > 0
        assert second["status"] == "accepted"

    def test_a_key_gets_its_answer_again_and_what_was_refused_goes_through_later(
        self, outage: Outage, own_spool: Owned
    ):
        make_type()
        service = Caller("notifications:send", "priority:raise")
        event = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}, "data": {}}
        critical = event | {"priority": "critical"}
        outage.begin()
        first = service.post("notifications", critical, Idempotency_Key="one")
        again = service.post("notifications", critical, Idempotency_Key="one")
        assert first.json() == again.json()
        assert len(spooled(own_spool)) == 1
        both = {"notifications": [event, critical]}
        half = service.post("notifications/batch", both, Idempotency_Key="call").json()
        assert (half["accepted"], half["refused"]) == (1, 1)
        outage.end()
        AWAY.forget()
        whole = service.post("notifications/batch", both, Idempotency_Key="call").json()
        assert whole["accepted"] == 2
        assert whole["results"][1] == half["results"][1]
        repeats = [
            headers for _, each, headers in written() if each.recipients[0].id == half["results"][1]["notification_id"]
        ]
        assert repeats == [{"repeat": "1"}]


def test_a_spooled_event_is_found_by_its_id_with_the_log_away(outage: Outage, own_spool: Owned):
    make_type()
    outage.begin()
    (answer,) = post("critical", data={"code": 7})
    event = find_event(answer.notification_id)
    assert event is not None
    assert event.data == {"code": 7}


class TestAway:
    def test_it_opens_only_when_nothing_is_left(self):
        away = Away()
        away.note([RAW], "test")
        assert not away.open(RAW, lambda: False)
        assert RAW in away.topics
        assert away.open(RAW, lambda: True)
        assert away.topics == {}

    def test_who_is_spooling_is_waited_for(self):
        away, asked = Away(), threading.Event()
        away.note([RAW], "test")
        with away.spooling({RAW}):
            opener = threading.Thread(target=away.open, args=(RAW, lambda: asked.set() or True))
            opener.start()
            assert not asked.wait(0.05)
        opener.join(5)
        assert asked.is_set()

    def test_a_line_that_came_after_it_was_opened_shuts_it_again(self):
        away = Away()
        with away.spooling({RAW}):
            assert RAW in away.topics
