"""Given for every test: a state folder of its own, and a real Redis where one is asked for."""

from __future__ import annotations

import importlib.util
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests import engines
from tests.notifications.store.keyspace import emptied_store, store_tables  # noqa: F401  fixtures
from tests.state_folder import VAR as _VAR

# What needs the clients of requirements/production.txt is collected where they are: `make test-stack` installs them.
OF_THE_SERVERS = (
    "notifications/log/test_kafka.py",
    "notifications/store/test_cassandra.py",
    "foundation/test_mysql.py",
    "delivery/test_status_away.py",
)
collect_ignore = [] if importlib.util.find_spec("confluent_kafka") else list(OF_THE_SERVERS)


def pytest_configure() -> None:
    """What hundreds of tests would wait for and none looks at: slow hashes, a list of all static files for a client."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Path]:
    """A redis-server on a unix socket in this run's state folder, or the stack's; settings.REDIS_URL points at it."""
    from foundation.redis_server import command

    if engines.STACK:
        yield _VAR
        return
    socket = _VAR / "redis.sock"
    process = subprocess.Popen(command(socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        if socket.exists():
            break
        time.sleep(0.02)
    yield socket
    process.terminate()
    process.wait(10)


@pytest.fixture
def redis(redis_server: Path) -> object:
    """The platform's Redis client on an empty server; what this process has still to write is dropped."""
    from foundation import minutes
    from foundation.redis import get_redis

    minutes.forget()
    client = get_redis()
    client.flushdb()
    return client
