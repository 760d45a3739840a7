"""A simulator's thread and loop: started and stopped as a context manager, on a free port of loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
LAST_TURNS = 20


class Running:
    """`start` opens the servers on the loop and returns their ports, `stop` closes what it keeps besides them."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name=type(self).__name__, daemon=True)
        self._thread.start()
        self.on_loop(self.start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.on_loop(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    def on_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine on the simulator's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(5)

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        """Nothing to close besides the tasks of the loop."""

    async def _end(self) -> None:
        await self.stop()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(LAST_TURNS):  # what was closed, or ended in its handshake, is told and lets its socket go
            await asyncio.sleep(0)
