"""A batch over an asynchronous library: all sends at once, bounded, one time-out, a result for each in its place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from django.conf import settings

from delivery.providers import loop
from delivery.providers.port import NotBegun, Order, Result, Taken
from foundation.clock import now_ms
from foundation.errors import Ambiguous, ProviderError, Transient

ENDS_BEFORE_S = 0.1  # so long before the deadline a call's time-out ends

_log = structlog.get_logger(__name__)


class Flight(msgspec.Struct, eq=False):
    """One send under way. Its adapter sets `begun` before the first byte that the provider could act on."""

    order: Order
    begun: bool = False
    started_at: int = 0

    def begin(self) -> None:
        """From here on the provider may have it."""
        self.begun, self.started_at = True, now_ms()


Send = Callable[[Flight], Awaitable[Taken]]


def room_s(orders: Sequence[Order]) -> float:
    """Seconds a batch may take: PROVIDER_TIMEOUT_S at most, and over before the deadline; 0 or less: none is begun."""
    until = min((order.deadline for order in orders), default=0)
    return float(min(settings.PROVIDER_TIMEOUT_S, (until - now_ms()) / 1_000 - ENDS_BEFORE_S))


def send_all(orders: Sequence[Order], send: Send, *, streams: int) -> list[Result]:
    """Sends `orders`, at most `streams` at a time, on the process's loop; `send` returns Taken or raises ProviderError.

    What has no answer when the time is over is Ambiguous if it was begun; what wasn't costs no attempt.
    """
    room = room_s(orders)
    if room <= 0:
        return [NotBegun(why="the deadline is over")] * len(orders)
    return loop.run(_burst(orders, send, streams, time.monotonic() + room), room + loop.MARGIN_S)


async def _burst(orders: Sequence[Order], send: Send, streams: int, until: float) -> list[Result]:
    turn = asyncio.Semaphore(streams)
    flights = [Flight(order) for order in orders]
    tasks = [asyncio.create_task(_one(flight, send, turn)) for flight in flights]
    _, late = await asyncio.wait(tasks, timeout=max(0.0, until - time.monotonic()))
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return [_unanswered(flight) if task in late else task.result() for flight, task in zip(flights, tasks, strict=True)]


async def _one(flight: Flight, send: Send, turn: asyncio.Semaphore) -> Result:
    async with turn:
        try:
            return await send(flight)
        except ProviderError as error:
            return error
        except Exception as error:  # one bad send among many takes none of the others with it
            _log.exception("provider_send_failed", send=flight.order.id, error=type(error).__name__)
            return _unexpected(flight, error)


def _unanswered(flight: Flight) -> Result:
    if flight.begun:
        return Ambiguous("no answer in time: it may have been accepted", provider_code="timeout")
    return NotBegun(why="no room on the provider's connections in time")


def _unexpected(flight: Flight, error: Exception) -> ProviderError:
    kind = Ambiguous if flight.begun else Transient
    return kind(f"the adapter failed with {type(error).__name__}; see the log", provider_code="adapter")
