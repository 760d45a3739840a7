"""Waiting for something new without a WebSocket: `GET …/notifications?since=` (contract §6).

The web process holds its long-pollers as a gateway holds its sockets: a house in Redis. It lives on a thread of its
own, so any server, any loop and plain threads can wait.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

from channels_app.house import House
from notifications.announce import Letter

ENTER_S = 2.0


class Listener:
    """Hears of anything new for one user from the moment it was made until it is closed."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._news: Future[None] = Future()

    async def wait(self, timeout_s: float) -> bool:
        """Whether something came (a notification, a read elsewhere) since it listens, or comes within `timeout_s`."""
        done, _ = await asyncio.wait([asyncio.wrap_future(self._news)], timeout=timeout_s)
        return bool(done)

    def ring(self) -> None:
        """Something came."""
        if not self._news.done():
            self._news.set_result(None)


class _Room:
    """The process's house with its listeners, on its own thread. All its state is touched on that thread only."""

    def __init__(self) -> None:
        self.listeners: dict[str, list[Listener]] = {}
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="longpoll", daemon=True)
        self._thread.start()
        self.house: House | None = None

    async def enter(self, listener: Listener) -> None:
        if self.house is None:
            self.house = House(self.listeners, on_letters=self._letters, on_gap=self._gap)
            self.house.open()
        listeners = self.listeners.setdefault(listener.user, [])
        listeners.append(listener)
        if len(listeners) == 1:
            await asyncio.wait([self.house.changed(listener.user)], timeout=ENTER_S)

    def leave(self, listener: Listener) -> None:
        listeners = self.listeners[listener.user]
        listeners.remove(listener)
        if not listeners and self.house:
            del self.listeners[listener.user]
            self.house.changed(listener.user)

    async def close(self) -> None:
        if self.house:
            await self.house.close()
        self.loop.stop()

    def _run(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def _letters(self, letters: list[Letter]) -> None:
        for letter in letters:
            for listener in self.listeners.get(letter.user, ()):
                listener.ring()

    def _gap(self, _since: int) -> None:
        """Something may have been missed: everybody looks."""
        for listeners in self.listeners.values():
            for listener in listeners:
                listener.ring()


_lock = threading.Lock()
_room: _Room | None = None


def _get_room() -> _Room:
    global _room
    with _lock:
        _room = _room or _Room()
        return _room


@asynccontextmanager
async def listening(user: str) -> AsyncIterator[Listener]:
    """`async with listening(user) as listener`: read the inbox inside, then `await listener.wait(…)`; nothing falls
    between the two. A Redis that is away only makes the wait run to its end."""
    room = _get_room()
    listener = Listener(user)
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(room.enter(listener), room.loop))
    try:
        yield listener
    finally:
        room.loop.call_soon_threadsafe(room.leave, listener)


async def wait(user: str, timeout_s: float) -> bool:
    """Whether something comes for `user` within `timeout_s`; what came before the call needs `listening`."""
    async with listening(user) as listener:
        return await listener.wait(timeout_s)


def close() -> None:
    """Ends the process's room; for tests and orderly exits."""
    global _room
    with _lock:
        room, _room = _room, None
    if room:
        asyncio.run_coroutine_threadsafe(room.close(), room.loop)
        room._thread.join(5)
