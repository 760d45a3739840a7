"""A server that lies: rubbish, cut off, slow, endless. Each ends in an error of the tree, and nothing is sent twice."""

from __future__ import annotations

import time

import pytest
from notification_platform import (
    AsyncClient,
    BadAnswer,
    Client,
    Conflict,
    Event,
    PlatformError,
    RateLimited,
    Retries,
    ServerFault,
    Unavailable,
    Unreachable,
)

from tests.client.lying import CUT, Liar, lying, told

GOOD = {"notification_id": "notif_1", "status": "accepted", "estimated_channels": ["in_app"]}
QUICK = Retries(attempts=4, first_s=0.001, longest_s=0.002)
ONCE = Retries(attempts=1)
IN_FLIGHT = {"status": 409, "code": "idempotency_in_flight", "detail": "under way", "retry_after": 0.01}
AWAY = {"status": 503, "code": "unavailable", "detail": "The log is away.", "retry_after": 0.01}


def send(liar: Liar, retries: Retries = QUICK, **options):
    with Client(liar.url, "t", retries=retries, **options) as client:
        return client.send("order_shipped", user="usr_42")


async def send_awaited(liar: Liar, retries: Retries = QUICK, **options):
    async with AsyncClient(liar.url, "t", retries=retries, **options) as client:
        return await client.send("order_shipped", user="usr_42")


REPEATED = {
    "503": told(503, AWAY),
    "429 with Retry-After": told(429, {"code": "rate_limited", "detail": "slow down", "status": 429}, Retry_After="0"),
    "a key in flight": told(409, IN_FLIGHT),
    "a proxy's 502": told(502, b"<html>bad gateway</html>", Content_Type="text/html"),
    "cut before the answer": CUT,
    "cut in the head": b"HTTP/1.1 202 Acc",
    "cut in the body": b'HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{"notification_id": ',
    "no HTTP": b"220 mail.example.com ESMTP\r\n",
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_may_succeed_later_is_repeated_under_the_same_key(name):
    with lying(REPEATED[name], REPEATED[name], told(202, GOOD)) as liar:
        assert send(liar).notification_id == "notif_1"
    assert len(liar.asked) == 3
    assert len({asked.key for asked in liar.asked}) == 1
    assert liar.asked[0].key
    assert len({asked.body for asked in liar.asked}) == 1


@pytest.mark.parametrize("name", REPEATED)
async def test_the_same_with_asyncio(name):
    with lying(REPEATED[name], REPEATED[name], told(202, GOOD)) as liar:
        assert (await send_awaited(liar)).notification_id == "notif_1"
    assert len({asked.key for asked in liar.asked}) == 1
    assert len(liar.asked) == 3


def test_two_sends_have_two_keys():
    with lying(told(202, GOOD)) as liar:
        send(liar)
        send(liar)
    assert len({asked.key for asked in liar.asked}) == 2


def test_it_gives_up_with_what_it_met_and_the_key_to_go_on_with():
    with lying(told(503, AWAY)) as liar, pytest.raises(Unavailable, match="The log is away") as met:
        send(liar)
    assert len(liar.asked) == QUICK.attempts
    assert met.value.idempotency_key == liar.asked[0].key


def test_a_wait_that_is_too_long_is_not_begun():
    begun = time.monotonic()
    later = told(429, {"code": "rate_limited", "detail": "later", "status": 429}, Retry_After="3600")
    with lying(later) as liar, pytest.raises(RateLimited) as met:
        send(liar)
    assert met.value.retry_after == 3600
    assert len(liar.asked) == 1
    assert time.monotonic() - begun < 5


def test_retry_after_is_waited_for():
    waits: list[float] = []
    with lying(told(503, AWAY, Retry_After="7"), told(202, GOOD)) as liar, Client(liar.url, "t") as client:
        client._blocking._sleep = waits.append
        client.send("order_shipped", user="usr_42")
    assert waits == [7.0]


RUBBISH = {
    "no JSON": told(202, b"<html>welcome</html>"),
    "another JSON": told(202, {"hello": 1}),
    "wrong types": told(202, {"notification_id": 7, "status": []}),
    "nothing": told(202, b""),
    "not UTF-8": told(202, b'{"notification_id": "\xff"}'),
    "bottomless": told(202, b"[" * 100_000),
    "a redirect": told(302, b"", Location="http://127.0.0.1:1/"),
    "another server's 404": told(404, b"<h1>Not Found</h1>"),
    "a status that isn't one": told(299, b"x"),
    "an odd status": told(499, b"x"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_told_as_such_and_not_repeated(name):
    with lying(RUBBISH[name]) as liar, pytest.raises(BadAnswer) as met:
        send(liar)
    assert len(liar.asked) == 1
    assert met.value.idempotency_key == liar.asked[0].key
    assert len(met.value.body) <= 200


def test_problems_with_odd_parts_are_still_problems():
    odd = {"status": "x", "code": "conflict", "detail": ["?"], "field": 7, "retry_after": "soon"}
    with lying(told(409, odd)) as liar, pytest.raises(Conflict) as met:
        send(liar)
    assert (met.value.field, met.value.retry_after, met.value.status) == (None, None, 409)


def test_our_own_500_is_told_in_its_words():
    fault = told(500, {"status": 500, "code": "internal", "detail": "Something went wrong."})
    with lying(fault) as liar, pytest.raises(ServerFault, match="Something went wrong"):
        send(liar)
    assert len(liar.asked) == 1


SLOW = {
    "a slow body": (b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999\r\n\r\n" + b" " * 99_999, 0.0005),
    "no answer": (told(202, GOOD), 0.4),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_answer_ends_in_time(name):
    answer, drip_s = SLOW[name]
    begun = time.monotonic()
    with lying(answer, drip_s=drip_s) as liar, pytest.raises(Unreachable):
        send(liar, ONCE, timeout_s=0.3)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("name", SLOW)
async def test_a_slow_answer_ends_in_time_with_asyncio(name):
    answer, drip_s = SLOW[name]
    begun = time.monotonic()
    with lying(answer, drip_s=drip_s) as liar, pytest.raises(Unreachable):
        await send_awaited(liar, ONCE, timeout_s=0.3)
    assert time.monotonic() - begun < 3


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("notification_platform.reading.MAX_ANSWER_BYTES", 1024**2)
    with lying(b"HTTP/1.1 202 Accepted\r\n\r\n" + b" " * 4 * 1024**2) as liar, pytest.raises(BadAnswer, match="over"):
        send(liar)


def test_nobody_there():
    with lying() as liar:
        pass
    with pytest.raises(Unreachable) as met:
        send(liar, ONCE)
    assert met.value.idempotency_key


class TestBatches:
    EVENTS = (Event(type="order_shipped", user="a"), Event(type="order_shipped", user="b"))

    def many(self, liar: Liar):
        with Client(liar.url, "t", retries=QUICK) as client:
            return client.send_many(self.EVENTS)

    def test_events_that_wait_for_the_log_are_brought_again_under_the_same_key(self):
        half = {"results": [GOOD, {"status": "refused", "error": AWAY}]}
        with lying(told(202, half), told(202, {"results": [GOOD, GOOD | {"notification_id": "notif_2"}]})) as liar:
            results = self.many(liar)
        assert [result.notification_id for result in results] == ["notif_1", "notif_2"]
        assert len({asked.key for asked in liar.asked}) == 1

    def test_events_that_still_wait_in_the_end_are_told_as_such(self):
        with lying(told(202, {"results": [GOOD, {"status": "refused", "error": AWAY}]})) as liar:
            good, waits = self.many(liar)
        assert good.notification_id == "notif_1"
        assert isinstance(waits, Unavailable)
        assert len(liar.asked) == QUICK.attempts

    @pytest.mark.parametrize("results", [[], [GOOD] * 3, [GOOD, {"status": "accepted"}], [GOOD, {"status": "?"}]])
    def test_results_that_do_not_fit_are_rubbish(self, results):
        with lying(told(202, {"results": results})) as liar, pytest.raises(BadAnswer):
            self.many(liar)

    def test_everybody_in_a_batch_hears_of_what_their_call_met(self):
        with lying(told(202, b"rubbish")) as liar, Client(liar.url, "t", retries=QUICK) as client:
            with client.batch() as batch:
                futures = [batch.send("order_shipped", user=user) for user in "abc"]
            assert all(isinstance(future.exception(), PlatformError) for future in futures)
