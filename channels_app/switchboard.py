"""A gateway process's sockets: who joins, what arrives for whom, who is still alive, and the polite end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import structlog
from django.conf import settings

from channels_app.acks import Acks
from channels_app.calls import Calls
from channels_app.counting import Counting
from channels_app.frames import PING, Reconnect
from channels_app.house import House
from channels_app.missed import catch_up_everybody
from channels_app.sockets import Socket
from notifications.announce import Letter

TICK_S = 1.0
COME_BACK_MS = (500, 15_000)
FAREWELL_S = 2.0
GOING_AWAY = 4012
# A batch goes out again after eleven seconds: that many notifications reach one process's sockets in less time.
BROUGHT_MOST = 50_000

log = structlog.get_logger(__name__)


class Switchboard:
    """One a process. `users` holds each user's sockets; the house keeps them present in Redis."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.users: dict[str, list[Socket]] = {}
        self.acks = Acks(calls.produce)
        self.counting = Counting(self.users, calls)
        self.house = House(self.users, on_letters=self.deliver, on_gap=self._gap)
        self.count = 0
        self.stopping = False
        self._brought: dict[str, None] = {}
        self._wheel: list[set[Socket]] = [set() for _ in range(max(1, round(settings.SOCKET_PING_S / TICK_S)))]
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Starts, once, on the running loop."""
        if not self._tasks:
            self.house.open()
            self._start(self._turn())

    async def join(self, socket: Socket) -> None:
        """Returns when Redis knows that the user is here: whatever is announced from now on arrives."""
        self.open()
        self.count += 1
        random.choice(self._wheel).add(socket)  # noqa: S311
        sockets = self.users.setdefault(socket.user, [])
        sockets.append(socket)
        if len(sockets) == 1:
            await self.house.changed(socket.user)

    def leave(self, socket: Socket) -> None:
        """The socket is closed."""
        self.count -= 1
        for spoke in self._wheel:
            spoke.discard(socket)
        sockets = self.users[socket.user]
        sockets.remove(socket)
        if not sockets:
            del self.users[socket.user]
            self.house.changed(socket.user)

    def deliver(self, letters: list[Letter]) -> None:
        """Each letter to all sockets of its user, encoded already. A batch that was sent again brings them once."""
        for letter in letters:
            sockets = self.users.get(letter.user, ())
            if not sockets or (letter.id and self._brought_before(letter.id)):
                continue
            for socket in sockets:
                socket.post(letter.text, letter.id)
            if letter.id:
                self.counting.changed(letter.user)

    def _brought_before(self, id: str) -> bool:
        """Whether its user's sockets have it: those of then by that letter, those opened since by catching up."""
        if id in self._brought:
            return True
        self._brought[id] = None
        if len(self._brought) > BROUGHT_MOST:
            del self._brought[next(iter(self._brought))]
        return False

    def sockets(self) -> Iterator[Socket]:
        """All of them, as of now."""
        for user in list(self.users):
            yield from list(self.users.get(user, ()))

    async def stop(self) -> None:
        """Tells every client when to come back, each another time, closes them, and leaves Redis."""
        if self.stopping:
            return
        self.stopping = True
        log.info("the gateway stops", sockets=self.count)
        for socket in self.sockets():
            socket.post(Reconnect(after_ms=random.randint(*COME_BACK_MS), reason="stopping").text())  # noqa: S311
            socket.close(GOING_AWAY, "stopping")
        await self._emptied()
        for task in self._tasks:
            task.cancel()
        self.counting.close()
        await self.acks.close()
        await self.house.close()

    # --- inside

    async def _emptied(self) -> None:
        deadline = time.monotonic() + FAREWELL_S
        while self.count and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    async def _turn(self) -> None:
        """One spoke a second: every socket is looked at once in SOCKET_PING_S."""
        at = 0
        while True:
            await asyncio.sleep(TICK_S)
            at = (at + 1) % len(self._wheel)
            now = time.monotonic()
            for socket in list(self._wheel[at]):
                self._ping(socket, now)

    def _ping(self, socket: Socket, now: float) -> None:
        socket.forget_caught_up(now)
        if now - socket.heard > settings.SOCKET_DEAD_S - settings.SOCKET_PING_S / 2:
            socket.drop("silent")
        else:
            socket.post(PING)

    def _gap(self, since: int) -> None:
        self._start(catch_up_everybody(self.users, self.calls, since, self._brought))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
