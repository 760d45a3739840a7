"""Given: the real server on a free port with the engines of the run, and a service that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Barrier

import pytest
from django.db import connections

from notifications.credentials import create_token
from notifications.grpc.serving import Options, Server
from tests.notifications.accepting import make_type
from tests.notifications.grpc.calling import Service

THREADS = 4


@pytest.fixture
def secret() -> str:
    """A token that may send and ask."""
    make_type()
    return create_token(name="caller", scopes=["notifications:send", "notifications:read"])[0]


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Server]]]:
    """Starts servers; they are stopped at the end, and their threads' connections to the database closed."""
    started: list[Server] = []

    async def start(**options: object) -> Server:
        given = {"host": "127.0.0.1", "port": 0, "threads": THREADS, "message_max_bytes": 4 * 1024**2, "grace_s": 2.0}
        server = Server(Options(**(given | options)), lambda: True)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        if server._stopping.is_set():
            continue
        everybody = Barrier(THREADS, timeout=5)
        for _ in range(THREADS):
            server._pool.submit(lambda barrier=everybody: (barrier.wait(), connections.close_all()))
        await server.stop()


@pytest.fixture
async def service(start, secret) -> AsyncIterator[Service]:
    """A service with that token, at a server of its own."""
    server = await start()
    async with Service(server.port, secret) as service:
        yield service


@pytest.fixture(autouse=True)
def _on_an_empty_log(fresh_process: object, empty_log: object) -> None:
    """Every test of this folder accepts."""
