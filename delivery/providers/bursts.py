"""A batch over an asynchronous library: all sends at once, bounded, one time-out, a result for each in its place."""

from __future__ import annotations

import asyncio
import math
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
BEGINNING_SHARE = 0.75  # of a batch's time; what is begun later would be in doubt where answers take long
CLEANING_S = 0.5  # for sends that were given up; what takes longer is left to end by itself

_log = structlog.get_logger(__name__)


class TooLate(Exception):
    """A send that can't be answered in time any more isn't begun."""


class Flight(msgspec.Struct, eq=False):
    """One send under way, and what came of it.

    Its adapter calls `approach` before anything leaves, and `begin` before the first byte that the provider could act
    on. `begin_by` is on the monotonic clock. `of_part`: it goes to one of many receivers, whose silence is its own.
    """

    order: Order
    begin_by: float = math.inf
    begun: bool = False
    of_part: bool = False
    started_at: int = 0
    came_too_late: bool = False
    is_told: bool = False
    result: Result | None = None

    def approach(self) -> None:
        """Nothing has left yet; a try before, if there was one, certainly wasn't taken. Raises TooLate."""
        self.begun = False
        self.came_too_late = time.monotonic() > self.begin_by
        if self.came_too_late:
            raise TooLate

    def begin(self) -> None:
        """From here on the provider may have it. Raises TooLate where it was told already that it wasn't begun."""
        if self.is_told:
            raise TooLate
        self.begun, self.started_at = True, now_ms()


Send = Callable[[Flight], Awaitable[Taken]]


def room_s(orders: Sequence[Order]) -> float:
    """Seconds a batch may take: PROVIDER_TIMEOUT_S at most, and over before the deadline; 0 or less: none is begun."""
    until = min((order.deadline for order in orders), default=0)
    return float(min(settings.PROVIDER_TIMEOUT_S, (until - now_ms()) / 1_000 - ENDS_BEFORE_S))


def send_all(orders: Sequence[Order], send: Send, *, streams: int) -> list[Result]:
    """Sends `orders`, at most `streams` at a time, on the process's loop; `send` returns Taken or raises ProviderError.

    What has no answer when the time is over is Ambiguous if it was begun; what wasn't costs no attempt. In the last
    quarter of the time nothing is begun.
    """
    room, now = room_s(orders), time.monotonic()
    if room <= 0:
        return [NotBegun(why="the deadline is over")] * len(orders)
    flights = [Flight(order, now + BEGINNING_SHARE * room) for order in orders]
    try:
        loop.run(_burst(flights, send, streams, now + room), room + loop.MARGIN_S)
    except TimeoutError:  # the loop itself is held up: what has come so far counts, and nobody sends it twice
        _log.error("provider_loop_held_up", sends=len(flights), room_s=room)
    for flight in flights:
        flight.is_told = True
    return [flight.result or _unanswered(flight) for flight in flights]


def unexpected(order: Order, error: Exception, *, begun: bool) -> ProviderError:
    """What becomes of a send whose adapter has failed, to be called in `except`: it takes no other with it."""
    _log.exception("provider_send_failed", send=order.id, error=type(error).__name__)
    kind = Ambiguous if begun else Transient
    return kind(f"the adapter failed with {type(error).__name__}; see the log", provider_code="adapter")


async def _burst(flights: Sequence[Flight], send: Send, streams: int, until: float) -> None:
    turn = asyncio.Semaphore(streams)
    tasks = [asyncio.create_task(_one(flight, send, turn)) for flight in flights]
    _, late = await asyncio.wait(tasks, timeout=max(0.0, until - time.monotonic()))
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=CLEANING_S)


async def _one(flight: Flight, send: Send, turn: asyncio.Semaphore) -> None:
    async with turn:
        try:
            flight.approach()
            flight.result = await send(flight)
        except ProviderError as error:
            flight.result = _unanswered(flight) if flight.came_too_late else error
        except Exception as error:
            late = flight.came_too_late
            flight.result = _unanswered(flight) if late else unexpected(flight.order, error, begun=flight.begun)


def _unanswered(flight: Flight) -> Result:
    if flight.begun:
        why = "no answer in time: it may have been accepted"
        return Ambiguous(why, provider_code="timeout", of_part=flight.of_part)
    return NotBegun(why="no room on the provider's connections in time")
