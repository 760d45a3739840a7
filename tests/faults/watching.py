"""Clients with open sockets, as docs/frames.md tells them to behave: they come back by themselves with `last_seen`,
acknowledge, and note everything that they are shown.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from foundation.clock import now_ms
from tests.faults.events import serial_in

SILENCE_S = 95.0
OPEN_S = 5.0
ACK_S = 0.1
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)
TOKEN_S = 600.0
CATCHING_UP_MS = 5_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A `notification` frame: `session` counts the client's connections, `at` is ms. `again` was shown on this very
    connection before, and no catching up explains it.
    """

    id: str
    serial: int | None
    session: int
    at: int
    again: bool = False


@dataclass
class Client:
    """One user's device."""

    user: str
    shown: list[Shown] = field(default_factory=list)
    sessions: int = 0
    heard_at: int = 0


class Watchers(threading.Thread):
    """One socket for each of `users`, open until `finish`."""

    def __init__(self, *, gateway: str, origin: str, api: str, token: str, users: Sequence[str]) -> None:
        super().__init__(daemon=True, name="watchers")
        self.clients = [Client(user) for user in users]
        self._gateway, self._origin = gateway, origin
        self._api, self._headers = api, {"Authorization": f"Bearer {token}"}
        self._over = threading.Event()
        self._tokens: dict[str, tuple[float, str]] = {}

    def run(self) -> None:
        asyncio.run(self._run())

    def wait(self, seconds: float = 20.0) -> None:
        """Until every socket is open."""
        end = time.monotonic() + seconds
        while not all(client.sessions for client in self.clients):
            assert time.monotonic() < end, f"not every socket opened within {seconds} s"
            time.sleep(0.05)

    def finish(self) -> list[Client]:
        """Closes the sockets; what everybody saw."""
        self._over.set()
        self.join(30)
        return self.clients

    def seen(self, user: str) -> set[str]:
        """Every id that a user was shown."""
        return {one.id for client in self.clients if client.user == user for one in client.shown}

    async def _run(self) -> None:
        async with httpx.AsyncClient(base_url=self._api, headers=self._headers, timeout=OPEN_S) as rest:
            tasks = [asyncio.create_task(self._live(client, rest)) for client in self.clients]
            while not self._over.is_set():
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _live(self, client: Client, rest: httpx.AsyncClient) -> None:
        failures = 0
        while True:
            before = client.sessions
            try:
                await self._session(client, rest)
            except (OSError, TimeoutError, WebSocketException, httpx.HTTPError):
                failures = 0 if client.sessions > before else failures + 1
            await asyncio.sleep(0.1 + random.random() * BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    async def _session(self, client: Client, rest: httpx.AsyncClient) -> None:
        token = await self._token(client.user, rest)
        async with connect(
            self._gateway, origin=self._origin, open_timeout=OPEN_S, ping_interval=None, close_timeout=1, max_queue=None
        ) as socket:
            await socket.send(json.dumps(_auth(token, client.heard_at)))
            acks: list[str] = []
            acking = asyncio.create_task(_acknowledge(socket, acks))
            try:
                await self._listen(client, socket, acks)
            finally:
                acking.cancel()

    async def _listen(self, client: Client, socket: ClientConnection, acks: list[str]) -> None:
        fresh: set[str] = set()
        catching: list[Shown] = []  # shown again on this connection: explained if a `synced` follows
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), SILENCE_S))
            client.heard_at = now_ms()
            if frame["type"] == "hello":
                client.sessions += 1
            elif frame["type"] == "ping":
                await socket.send('{"type": "pong"}')
            elif frame["type"] == "synced":
                for one in catching:
                    if client.heard_at - one.at < CATCHING_UP_MS:
                        client.shown.remove(one)
                catching.clear()
            elif frame["type"] == "notification":
                entry = frame["notification"]
                again = entry["id"] in fresh
                one = Shown(entry["id"], serial_in(entry), client.sessions, now_ms(), again)
                client.shown.append(one)
                acks.append(one.id)
                if again:
                    catching.append(one)
                fresh.add(one.id)

    async def _token(self, user: str, rest: httpx.AsyncClient) -> str:
        made_at, token = self._tokens.get(user, (0.0, ""))
        if not token or time.monotonic() - made_at > TOKEN_S:
            try:
                answer = await rest.post(f"/users/{user}/tokens")
                token = answer.raise_for_status().json()["token"]
                self._tokens[user] = (time.monotonic(), token)
            except httpx.HTTPError:
                if not token:  # else it is good for a while yet
                    raise
        return token


def _auth(token: str, heard_at: int) -> dict[str, str]:
    last_seen = {"last_seen": datetime.fromtimestamp(heard_at / 1000, UTC).isoformat()} if heard_at else {}
    return {"type": "auth", "token": token, **last_seen}


async def _acknowledge(socket: ClientConnection, acks: list[str]) -> None:
    while True:
        await asyncio.sleep(ACK_S)
        if acks:
            ids = acks[:500]
            del acks[:500]
            await socket.send(json.dumps({"type": "ack", "ids": ids}))
