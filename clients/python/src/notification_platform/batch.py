"""A batch that fills itself: events go out together, in calls of up to 1,000, none waiting longer than 50 ms.

    with client.batch() as batch:
        futures = [batch.send("order_shipped", user=user, data=data) for user, data in shipped]

Each `send` gives a future: its result is `Accepted`, its exception the `Refused` of that event, or what the whole call
met. Repeats carry the call's key, so nothing is sent twice. More than `most_waiting` events aren't held: then `send`
waits for room.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, Unpack

from notification_platform.answers import Accepted
from notification_platform.calls.batches import Packed, Result
from notification_platform.calls.event import Event, EventFields
from notification_platform.calls.notifications import send_packed
from notification_platform.driving import AwaitedDriver, BlockingDriver

WITHIN_S = 0.05
CALLS_AT_ONCE = 2
MOST_WAITING = 20_000


class _Filling:
    """A call while it fills, with who waits for its results. `full` is set when nothing more goes in."""

    def __init__(self, full: Any) -> None:
        self.portion = Packed()
        self.futures: list[Any] = []
        self.full = full

    def add(self, item: bytes, future: Any) -> None:
        self.portion.add(item)
        self.futures.append(future)
        if self.portion.is_full:
            self.full.set()

    def settle(self, results: Sequence[Result]) -> None:
        """Everybody hears of their own."""
        for future, result in zip(self.futures, results, strict=True):
            if future.cancelled():
                continue
            if isinstance(result, Accepted):
                future.set_result(result)
            else:
                future.set_exception(result)

    def fail(self, error: BaseException) -> None:
        """Everybody hears of what the call met."""
        for future in self.futures:
            if not future.done():
                future.set_exception(error)


class Batch:
    """Fills itself from any number of threads."""

    def __init__(
        self,
        driver: BlockingDriver,
        *,
        within_s: float = WITHIN_S,
        calls_at_once: int = CALLS_AT_ONCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._driver, self._within_s = driver, within_s
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(most_waiting)
        self._filling: _Filling | None = None
        self._calls = ThreadPoolExecutor(calls_at_once, thread_name_prefix="notify-batch")

    def send(self, type: str, **fields: Unpack[EventFields]) -> Future[Accepted]:
        """Takes an event; the fields are `Event`'s. Raises RuntimeError after the end."""
        item = Event(type=type, **fields).encoded()
        future: Future[Accepted] = Future()
        self._room.acquire()
        with self._lock:
            if self._filling is None or not self._filling.portion.has_room(item):
                self._begin()
            assert self._filling is not None
            self._filling.add(item, future)
            if self._filling.portion.is_full:
                self._filling = None
        return future

    def _begin(self) -> None:
        try:
            if self._filling is not None:
                self._filling.full.set()
            filling = _Filling(threading.Event())
            self._calls.submit(self._go, filling)
            self._filling = filling
        except RuntimeError:
            self._room.release()
            raise

    def _go(self, filling: _Filling) -> None:
        """What waited for its turn longer than `within_s` goes out as full as it has become."""
        if not filling.full.wait(self._within_s):
            with self._lock:
                if self._filling is filling:
                    self._filling = None
        try:
            filling.settle(self._driver.run(send_packed(filling.portion)))
        except BaseException as error:
            filling.fail(error)
        finally:
            self._room.release(len(filling.futures))

    def flush(self) -> None:
        """What waits goes out at once."""
        with self._lock:
            if self._filling is not None:
                self._filling.full.set()
                self._filling = None

    def close(self) -> None:
        """Sends what waits, and ends when all of it has its result."""
        self.flush()
        self._calls.shutdown(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncBatch:
    """The same on an event loop: `future = await batch.send(…)` waits for room, awaiting the future for the result."""

    def __init__(
        self,
        driver: AwaitedDriver,
        *,
        within_s: float = WITHIN_S,
        calls_at_once: int = CALLS_AT_ONCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._driver, self._within_s = driver, within_s
        self._room = asyncio.BoundedSemaphore(most_waiting)
        self._at_once = asyncio.Semaphore(calls_at_once)
        self._filling: _Filling | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._closed = False

    async def send(self, type: str, **fields: Unpack[EventFields]) -> asyncio.Future[Accepted]:
        """Takes an event; the fields are `Event`'s. Raises RuntimeError after the end."""
        item = Event(type=type, **fields).encoded()
        await self._room.acquire()
        if self._closed:
            self._room.release()
            raise RuntimeError("The batch has ended.")
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        if self._filling is None or not self._filling.portion.has_room(item):
            self._begin()
        assert self._filling is not None
        self._filling.add(item, future)
        if self._filling.portion.is_full:
            self._filling = None
        return future

    def _begin(self) -> None:
        self.flush()
        self._filling = _Filling(asyncio.Event())
        task = asyncio.create_task(self._go(self._filling))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _go(self, filling: _Filling) -> None:
        try:
            async with self._at_once:
                try:
                    await asyncio.wait_for(filling.full.wait(), self._within_s)
                except TimeoutError:
                    self._filling = None if self._filling is filling else self._filling
                filling.settle(await self._driver.run(send_packed(filling.portion)))
        except BaseException as error:
            filling.fail(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            for _ in filling.futures:
                self._room.release()

    def flush(self) -> None:
        """What waits goes out at once."""
        if self._filling is not None:
            self._filling.full.set()
            self._filling = None

    async def close(self) -> None:
        """Sends what waits, and ends when all of it has its result."""
        self._closed = True
        self.flush()
        await asyncio.gather(*self._calls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
