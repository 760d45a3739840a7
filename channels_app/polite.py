"""SIGTERM: first the clients are told when to come back, then the server stops as it would have (contract §6)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

LAST_S = 3.0


def before_stopping(farewell: Callable[[], Awaitable[None]]) -> None:
    """Puts `farewell` before the server's own handlers of SIGTERM and SIGINT; a second signal doesn't wait for it.

    Only in a process's main thread: elsewhere signals aren't ours, and the server's shutdown event says farewell.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            _wrap(number, loop, farewell)
        except ValueError:
            return


def _wrap(number: int, loop: asyncio.AbstractEventLoop, farewell: Callable[[], Awaitable[None]]) -> None:
    servers: Any = signal.getsignal(number)
    begun: list[asyncio.Task[None]] = []

    async def leave() -> None:
        try:
            await farewell()
        finally:
            # A server waits for clients that don't read; nothing of ours is unsaved by now, so it isn't waited for.
            loop.call_later(LAST_S, os._exit, 0)
            signal.raise_signal(number)

    def begin() -> None:
        begun.append(loop.create_task(leave()))

    def handler(_number: int, _frame: FrameType | None) -> None:
        signal.signal(number, servers)
        loop.call_soon_threadsafe(begin)

    signal.signal(number, handler)
