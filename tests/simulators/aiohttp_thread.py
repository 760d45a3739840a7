"""An aiohttp application on a free loopback port, in a thread of its own, for the simulators that speak HTTP."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread
from typing import Any

from aiohttp import web


class AiohttpThread:
    """Starts with `start`, which gives the port it listens on; ends with `stop`."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def start(self, port: int = 0, **listening: Any) -> int:
        """Listens on `port` (0: a free one); `listening` goes to aiohttp's TCPSite."""
        self._thread.start()
        return self.run(self._serve(port, listening))

    def stop(self) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def run(self, coroutine: Any) -> Any:
        """What `coroutine` returns, run on the application's loop."""
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(10)

    async def _end(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, port: int, listening: dict[str, Any]) -> int:
        self._runner = web.AppRunner(self._app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, **listening)
        await site.start()
        return int(site._server.sockets[0].getsockname()[1])
