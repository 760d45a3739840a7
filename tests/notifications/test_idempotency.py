"""Idempotency keys: the first answer for 24 h, one id whatever breaks, beyond a wiped Redis."""

from __future__ import annotations

import threading

import msgspec
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from foundation.clock import now_ms, to_rfc3339
from foundation.errors import Conflict, InvalidRequest, LogUnavailable, Unprocessable
from foundation.identifiers import new_notification_id
from foundation.redis import key
from notifications import idempotency, reserving
from notifications.accept import accept
from notifications.calls import accept_call
from notifications.log import get_log
from notifications.models import IdempotencyKey
from notifications.records import HEADER_REPEAT
from notifications.reserving import IN_FLIGHT_MS, Ask, State
from notifications.sending import Accepted
from templates_app.catalog import get_catalog
from tests.engines import own_log
from tests.notifications.accepting import SENDER, a_request, make_type, written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process", "empty_log")]

DAY_MS = 24 * 3_600_000


@pytest.fixture(autouse=True)
def _types() -> None:
    make_type()


def keyed(name: str = "k1", **fields):
    return a_request(idempotency_key=name, **fields)


def send(request, token=SENDER, now=None):
    return accept([request], token, now=now or now_ms())[0]


def route() -> dict[str, str]:
    """What the router does with the keys of what was written."""
    return idempotency.remember([(event, event.recipients[0].id) for _, event, _ in written()])


def test_the_same_key_and_body_get_the_first_answer_and_nothing_more_is_written():
    first, again = send(keyed()), send(keyed())
    assert first == again
    assert len(written()) == 1


def test_the_order_of_fields_and_spaces_dont_make_another_body():
    send(keyed(data={"a": 1, "b": 2}))
    assert isinstance(send(keyed(data={"b": 2, "a": 1})), Accepted)
    assert len(written()) == 1


def test_another_body_is_refused():
    send(keyed())
    refusal = send(keyed(data={"a": 2}))
    assert isinstance(refusal, Unprocessable)
    assert refusal.field == "Idempotency-Key"
    assert len(written()) == 1


def test_keys_are_scoped_to_their_token():
    other = msgspec.structs.replace(SENDER, id="99")
    assert send(keyed()).notification_id != send(keyed(), other).notification_id


def test_a_key_in_flight_is_409_and_after_30_s_its_repeat_has_the_same_id():
    now = now_ms()
    body = msgspec.structs.replace(keyed(), idempotency_key=None)
    id = new_notification_id()
    idempotency.reserve(
        [Ask(idempotency.key_digest(SENDER.id, "k1"), idempotency.body_digest(body), id)], now=now
    )  # and its process died
    refusal = send(keyed(), now=now + 1_000)
    assert isinstance(refusal, Conflict)
    assert 28 < refusal.retry_after <= 30
    assert send(keyed(), now=now + IN_FLIGHT_MS).notification_id == id
    [(_, event, headers)] = written()
    assert headers[HEADER_REPEAT]  # the first one may have got through after all
    assert idempotency.produced_again_at(id) == event.accepted_at  # where its record is found by id


def test_a_repeat_is_answered_first_even_when_it_would_no_longer_be_valid():
    now = now_ms()
    request = keyed(schedule_at=to_rfc3339(now + 60_000))
    first = send(request, now=now)
    assert isinstance(first, Accepted)
    assert send(request, now=now + 120_000) == first


def test_a_refused_request_leaves_its_key_free():
    assert isinstance(send(keyed(type="nope")), InvalidRequest)
    assert isinstance(send(keyed()), Accepted)


def test_a_failed_produce_lets_the_repeat_try_at_once_with_the_same_id(settings, tmp_path):
    good = settings.LOG_OPTIONS
    get_log().close()
    settings.LOG_OPTIONS = own_log(good, tmp_path / "without topics")
    get_log.cache_clear()
    with pytest.raises(LogUnavailable):
        send(keyed())
    settings.LOG_OPTIONS = good
    get_log.cache_clear()
    assert isinstance(send(keyed()), Accepted)
    assert written()[0][2][HEADER_REPEAT]


def test_what_the_log_took_unheard_and_its_repeat_have_one_place_in_the_inbox(monkeypatch):
    log = get_log()
    produce = log.produce

    def takes_it_and_is_cut_off(messages, **limits):
        produce(messages, **limits)
        raise LogUnavailable("no answer in time")

    with monkeypatch.context() as cut_off:
        cut_off.setattr(log, "produce", takes_it_and_is_cut_off)
        with pytest.raises(LogUnavailable):
            accept([keyed()], SENDER, now=now_ms())
    accept([keyed()], SENDER, now=now_ms() + 5_000)

    (_, first, _), (_, second, headers) = written()
    assert (first.recipients[0].id, first.now) == (second.recipients[0].id, second.now)
    assert headers[HEADER_REPEAT]


def test_redis_wiped_after_routing_sql_gives_the_first_id(redis):
    first = send(keyed())
    assert route() == {}
    redis.flushdb()
    assert send(keyed()) == first
    assert isinstance(send(keyed(data={"a": 2})), Unprocessable)
    assert send(keyed()) == first
    assert len(written()) == 1


def test_redis_wiped_before_routing_the_router_names_the_first(redis):
    first = send(keyed())
    redis.flushdb()
    second = send(keyed())
    assert route() == {second.notification_id: first.notification_id}
    assert route() == {second.notification_id: first.notification_id}  # done again, the same


def test_redis_away_is_no_reason_to_refuse(redis, monkeypatch):
    from redis import ConnectionError as Gone

    first = send(keyed())
    route()
    monkeypatch.setattr(redis.connection_pool, "get_connection", lambda *_, **__: (_ for _ in ()).throw(Gone()))
    assert send(keyed()) == first


@pytest.mark.django_db(transaction=True)  # inside a transaction the catalog keeps nothing
def test_sql_away_is_no_reason_to_refuse():
    def gone(execute, sql, params, many, context):
        raise OperationalError("gone")

    get_catalog().names()
    with connection.execute_wrapper(gone):
        assert isinstance(send(keyed()), Accepted)


@pytest.mark.parametrize(("age_ms", "asked"), [(DAY_MS - 60_000, 1), (DAY_MS + 1, 0)])
def test_sql_is_asked_only_while_redis_is_younger_than_a_keys_life(redis, age_ms, asked):
    redis.set(key("epoch"), now_ms() - age_ms)
    with CaptureQueriesContext(connection) as queries:
        send(keyed())
    assert sum("idempotencykey" in query["sql"] for query in queries) == asked


def test_a_thousand_keys_are_two_statements_for_the_router(django_assert_max_num_queries):
    accept([keyed(f"k{n}") for n in range(300)], SENDER, now=now_ms())
    with django_assert_max_num_queries(4):  # a savepoint around the insert
        assert route() == {}
    assert IdempotencyKey.objects.count() == 300


def test_a_key_used_again_after_its_day_is_new():
    now = now_ms()
    send(keyed(), now=now - DAY_MS - 1)
    route()
    event = msgspec.structs.replace(written()[0][1], accepted_at=now)
    assert idempotency.remember([(event, "notif_later")]) == {}
    assert IdempotencyKey.objects.get().notification_id == "notif_later"


def test_what_is_over_a_day_old_is_purged():
    send(keyed())
    route()
    assert idempotency.purge(now_ms() - DAY_MS) == 0
    assert idempotency.purge(now_ms() + 1) == 1


def test_twenty_at_once_with_one_key_are_one(redis):
    asks = [Ask("k" * 32, "b" * 32, new_notification_id()) for _ in range(20)]
    states: list[State] = []

    def reserve(ask: Ask) -> None:
        states.append(reserving.reserve_in_redis([ask], now_ms())[1][0].state)

    threads = [threading.Thread(target=reserve, args=[ask]) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(state.value for state in states) == ["in_flight"] * 19 + ["reserved"]


def test_items_of_one_batch_with_one_key_are_one():
    first, second, third = accept([keyed(), keyed(), keyed(data={"a": 2})], SENDER, now=now_ms())
    assert first == second
    assert isinstance(third, Unprocessable)
    assert len(written()) == 1


class TestACallsOwnKey:
    def call(self, requests, now=None):
        return accept_call(requests, SENDER, now=now or now_ms(), key="call", body=requests)

    def test_gets_the_first_answer_refusals_too(self):
        requests = [a_request("a"), a_request("b", type="nope"), a_request("c")]
        first = self.call(requests)
        make_type("nope")
        again = self.call(requests)
        assert again[0] == first[0]
        assert again[1].code == "unknown_type"
        assert len(written()) == 2

    def test_is_refused_for_another_body(self):
        self.call([a_request("a")])
        with pytest.raises(Unprocessable):
            self.call([a_request("b")])

    def test_has_the_same_ids_when_its_process_died(self):
        now = now_ms()
        requests = [a_request("a"), a_request("b")]
        ask = Ask(
            idempotency.key_digest(SENDER.id, "call\0call"), idempotency.body_digest(requests), new_notification_id()
        )
        idempotency.reserve([ask], now=now)
        with pytest.raises(Conflict):
            self.call(requests, now=now)
        results = self.call(requests, now=now + IN_FLIGHT_MS)
        assert results[0].notification_id[:18] == ask.notification_id[:18]
        assert all(headers[HEADER_REPEAT] for _, _, headers in written())

    def test_is_known_beyond_a_wiped_redis(self, redis):
        requests = [a_request("a"), a_request("b")]
        first = self.call(requests)
        route()
        redis.flushdb()
        assert self.call(requests) == first
        assert len(written()) == 2
