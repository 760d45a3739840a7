"""Given: gateways as real uvicorn servers on free ports, a real Redis, and an inbox that stands in memory."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest
import uvicorn
import websockets
from django.db import connections
from websockets.asyncio.client import ClientConnection

from channels_app import calls
from channels_app.calls import Calls
from channels_app.frames import Read
from channels_app.gateway import Gateway
from foundation.clock import from_rfc3339, to_rfc3339
from foundation.errors import Unauthenticated
from notifications import announce

TOKENS = {"token-ann": "usr_ann", "token-bob": "usr_bob"}


class Inbox:
    """Entries by user, kept as the store would; what it is told goes out as the real one's does."""

    def __init__(self) -> None:
        self.entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.tickets = {"ticket-ann": "usr_ann"}
        self.receipts: list[list[Any]] = []
        self.marked: list[tuple[Any, ...]] = []

    def add(self, user: str, number: int, *, at: int) -> dict[str, Any]:
        entry = {"id": f"notif_{number}", "title": f"Number {number}", "read": False, "created_at": to_rfc3339(at)}
        self.entries[user].append(entry)
        return {"type": "notification", "notification": entry}

    def since(self, user: str, since: int, limit: int) -> list[dict[str, Any]]:
        return [entry for entry in self.entries[user] if from_rfc3339(entry["created_at"]) >= since][:limit]

    def mark(self, user: str, ids: list[str], *, at: int, **parts: bool) -> None:
        self.marked.append((user, ids, parts))
        announce.tell(user, Read(ids=ids, **parts).plain())

    def calls(self) -> Calls:
        return Calls(
            verify_token=self._verify,
            redeem_ticket=lambda ticket: self.tickets.pop(ticket, None),
            since=self.since,
            newest=lambda user, limit: self.entries[user][-limit:],
            mark=self.mark,
            read_all=lambda user: announce.tell(user, Read(all=True, read=True).plain()),
            counts=lambda users: {user: (len(self.entries[user]), len(self.entries[user])) for user in users},
            produce=self.receipts.append,
        )

    def _verify(self, token: str) -> str:
        if token not in TOKENS:
            raise Unauthenticated("this token is not valid")
        return TOKENS[token]


class Client:
    """A device: reads frames as they come."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **frame: Any) -> None:
        await self.socket.send(msgspec.json.encode(frame).decode())

    async def next(self, kind: str = "", timeout: float = 5) -> dict[str, Any]:
        """The next frame (of this type)."""
        async with asyncio.timeout(timeout):
            while True:
                frame = msgspec.json.decode(await self.socket.recv())
                if not kind or frame["type"] == kind:
                    return frame

    async def until_synced(self) -> list[dict[str, Any]]:
        """All frames up to and with `synced`."""
        frames = [await self.next()]
        while frames[-1]["type"] != "synced":
            frames.append(await self.next())
        return frames


class Running:
    """A gateway that listens."""

    def __init__(self, gateway: Gateway, server: uvicorn.Server, task: asyncio.Task[None]) -> None:
        self.gateway, self.server, self.task = gateway, server, task
        self.url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/ws/inbox/"

    @property
    def board(self) -> Any:
        return self.gateway.board

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.task


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads of each test's own: what they hold of the database ends with it."""
    pool = ThreadPoolExecutor(calls.THREADS)
    monkeypatch.setattr(calls, "_pool", pool)
    yield
    everybody = Barrier(calls.THREADS, timeout=5)
    for _ in range(calls.THREADS):
        pool.submit(lambda: (everybody.wait(), connections.close_all()))
    pool.shutdown()


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
async def start_gateway(redis: Any, inbox: Inbox) -> AsyncIterator[Callable[[], Awaitable[Running]]]:
    running: list[Running] = []

    async def start() -> Running:
        gateway = Gateway(inbox.calls)
        config = uvicorn.Config(gateway, host="127.0.0.1", port=0, ws="wsproto", lifespan="on", log_config=None)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        running.append(Running(gateway, server, task))
        return running[-1]

    yield start
    for one in running:
        await one.stop()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    clients: list[Client] = []

    async def open_one(gateway: Running, token: str = "token-ann", **auth: Any) -> Client:
        client = Client(await websockets.connect(gateway.url, proxy=None))
        clients.append(client)
        await client.send(type="auth", token=token, **auth)
        await client.until_synced()
        return client

    yield open_one
    for client in clients:
        await client.socket.close()
