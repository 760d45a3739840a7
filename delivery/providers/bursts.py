"""A batch over one asynchronous client: bounded streams, a time-out a call, an end when the provider asks to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from delivery.providers.port import NotBegun, Order, Result
from delivery.providers.timing import SHORTEST_CALL_S, TOO_LATE, call_s
from foundation.errors import ProviderRateLimited

Call = Callable[[Order, float], Awaitable[Result]]


class Burst:
    """One batch on its way. `streams` is shared by all batches of the adapter."""

    def __init__(self, call: Call, streams: asyncio.Semaphore) -> None:
        self._call = call
        self._streams = streams
        self._wait_s: float | None = None

    async def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each of `orders`, in order; `call` is given each order and the seconds it may take."""
        return list(await asyncio.gather(*(self._one(order) for order in orders)))

    async def _one(self, order: Order) -> Result:
        async with self._streams:
            if self._wait_s is not None:
                return NotBegun(why="the provider asks to wait", retry_after_ms=int(self._wait_s * 1_000))
            room_s = call_s(order)
            if room_s < SHORTEST_CALL_S:
                return TOO_LATE
            result = await self._call(order, room_s)
            if isinstance(result, ProviderRateLimited):
                self._wait_s = max(self._wait_s or 0.0, result.retry_after or 0.0)
            return result
