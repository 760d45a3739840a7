"""A Redis that is away costs a process little, and is found again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from foundation import redis_retry
from foundation.redis_retry import FailFastRetry

PROBE_S = 0.3


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def client_of(port: int) -> redis.Redis:
    return redis.Redis(port=port, socket_timeout=PROBE_S, retry=FailFastRetry(probe_s=PROBE_S))


def test_one_that_refuses_is_asked_twice_then_spared(monkeypatch):
    monkeypatch.setattr(redis_retry, "SPARED_S", 60)
    tried = []

    def refused() -> None:
        tried.append(1)
        raise redis.ConnectionError("refused")

    retry = FailFastRetry(probe_s=1)
    for _ in range(5):
        with pytest.raises(redis.ConnectionError):
            retry.call_with_retry(refused, lambda error: None)
    assert len(tried) == 2


def test_connecting_within_a_command_does_not_multiply_its_tries(monkeypatch):
    monkeypatch.setattr(redis_retry, "SPARED_S", 60)
    retry, tried = FailFastRetry(probe_s=1), []

    def connect() -> None:
        tried.append(1)
        raise redis.ConnectionError("refused")

    with pytest.raises(redis.ConnectionError):
        retry.call_with_retry(lambda: retry.call_with_retry(connect, lambda error: None), lambda error: None)
    assert len(tried) == 2


def test_a_hang_is_waited_for_by_one_at_a_time(listener: socket.socket):
    client = client_of(listener.getsockname()[1])
    with pytest.raises(redis.TimeoutError):
        client.ping()
    time.sleep(redis_retry.SPARED_S)  # the next one may try
    silent: list[str] = []
    prober = threading.Thread(target=lambda: silent.append(_failure(client)))
    prober.start()
    prober.join(PROBE_S / 3)
    first = [_failure(client) for _ in range(20)]
    prober.join()
    assert set(first) == {"Redis was away a moment ago"}
    assert silent != ["Redis was away a moment ago"]
    client.close()


def test_when_it_is_back_everybody_asks_again():
    retry = FailFastRetry(probe_s=1)
    with pytest.raises(Exception, match="gone"):
        retry.call_with_retry(_gone, lambda error: None)
    time.sleep(redis_retry.SPARED_S)
    with pytest.raises(redis.ResponseError):  # which is an answer
        retry.call_with_retry(_refused, lambda error: None)
    assert retry.call_with_retry(lambda: "still here", lambda error: None) == "still here"


@pytest.mark.usefixtures("redis")
def test_an_answer_that_was_given_up_is_never_taken_for_the_next_one(settings):
    retry = FailFastRetry(probe_s=PROBE_S)
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PROBE_S, max_connections=1, retry=retry)
    client.set("np:test:mine", "mine", px=10_000)
    with pytest.raises(redis.TimeoutError):
        client.blpop(["np:test:nothing"], 2 * PROBE_S)  # its answer comes after it was given up
    time.sleep(redis_retry.SPARED_S)
    until = time.monotonic() + 2 * PROBE_S
    while time.monotonic() < until:
        assert client.get("np:test:mine") == b"mine"
    client.close()


def _gone() -> str:
    raise redis.ConnectionError("gone")


def _refused() -> str:
    raise redis.ResponseError("NOSCRIPT")


def _failure(client: redis.Redis) -> str:
    try:
        client.ping()
    except (redis.ConnectionError, redis.TimeoutError) as error:
        return str(error)
    return "it answered"
