"""A worker whose acknowledgements were lost with Redis goes on asking for work."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Queue
from kombu.transport import redis
from redis.exceptions import ConnectionError as Away

from config.broker import QoS
from foundation.redis_server import command
from tests.state_folder import VAR

THREADS = 4


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    socket = VAR / "broker.sock"
    socket.unlink(missing_ok=True)
    process = subprocess.Popen(command(socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.02)
    yield process, socket
    process.kill()
    process.wait(10)


@pytest.mark.parametrize(("counting", "goes_on"), [(QoS, True), (redis.QoS, False)], ids=["ours", "kombu's own"])
def test_a_lost_acknowledgement_frees_its_place(server, monkeypatch, counting, goes_on):
    """Should kombu's own begin to do so, ours can go."""
    monkeypatch.setattr(redis.Channel, "QoS", counting)
    process, socket = server
    with Connection(f"redis+socket://{socket}") as connection:
        channel = connection.channel()
        channel.qos.prefetch_count = THREADS
        queue = Queue("work", channel=channel)
        queue.declare()
        for number in range(THREADS):
            connection.Producer(channel).publish(number, routing_key="work")
        taken = [queue.get() for _ in range(THREADS)]
        assert not channel.qos.can_consume()
        process.kill()
        process.wait(10)
        for message in taken:
            with pytest.raises((Away, OSError)):
                message.ack()
        assert channel.qos.can_consume() is goes_on


def test_celery_uses_it():
    assert redis.Channel.QoS is QoS
