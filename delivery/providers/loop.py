"""The one event loop of a process for providers whose libraries are asynchronous, in a thread of its own.

Connections live on it from batch to batch. A forked child gets a loop of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Coroutine
from threading import Lock, Thread
from typing import Any, TypeVar

MARGIN_S = 1.0  # beyond a coroutine's own time-out, for what it does when it is cancelled
STOP_S = 2.0

T = TypeVar("T")

_lock = Lock()
_running: tuple[int, asyncio.AbstractEventLoop, Thread] | None = None


def run(coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """What `coroutine` returns or raises, run on the loop; called from any thread but the loop's own.

    Raises TimeoutError when it takes longer than `timeout_s`; it is cancelled then.
    """
    future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout_s), _loop())
    try:
        return future.result(timeout_s + MARGIN_S)
    finally:
        future.cancel()


def _loop() -> asyncio.AbstractEventLoop:
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            thread = Thread(target=loop.run_forever, name="providers-loop", daemon=True)
            thread.start()
            _running = (os.getpid(), loop, thread)
        return _running[1]


@atexit.register
def _stop() -> None:
    """Ends the loop with its process, so that no connection is torn down by chance."""
    if _running is None or _running[0] != os.getpid():
        return
    _, loop, thread = _running
    loop.call_soon_threadsafe(loop.stop)
    thread.join(STOP_S)
    if not thread.is_alive():
        loop.close()
