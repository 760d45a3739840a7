"""Reading for all streams of an HTTP/2 connection of httpcore's: whose answer has come gets it at once.

httpcore lets its streams read one after the other, each until something comes: an answer that has been read by another
waits until everybody before it has had a turn, and behind a stream that is never answered until its time-out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
from httpcore import AsyncHTTP2Connection


def http2_of(transport: httpx.AsyncHTTPTransport) -> Iterable[Any]:
    """The HTTP/2 connections that `transport` has open now."""
    for connection in transport._pool.connections:
        inner = getattr(connection, "_connection", None)
        if isinstance(inner, AsyncHTTP2Connection) and not inner.is_closed():
            yield inner


def read_for_all(transport: httpx.AsyncHTTPTransport) -> None:
    """Lets one stream of each connection read for all; to be called on the loop before anything is read."""
    for connection in http2_of(transport):
        if not isinstance(connection._receive_events, _OneReader):
            connection._receive_events = _OneReader(connection)


class _OneReader:
    """In place of the connection's `_receive_events`: returns when it is worth looking again whether it has come."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._receive = connection, connection._receive_events
        self._is_reading = False
        self._waiting: dict[asyncio.Future[None], int | None] = {}

    async def __call__(self, request: Any, stream_id: int | None = None) -> None:
        if self._is_reading:
            await self._wait(stream_id)
            return
        self._is_reading = True
        try:
            await self._receive(request, stream_id)
        finally:
            self._is_reading = False
            self._wake()

    async def _wait(self, stream_id: int | None) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = stream_id
        try:
            await turn
        except asyncio.CancelledError:
            self._waiting.pop(turn, None)
            if not self._is_reading:  # it may have been its turn to read
                self._wake()
            raise

    def _wake(self) -> None:
        """Wakes those for whom something has come, and one more, who reads on."""
        events, waiting = self._connection._events, self._waiting.items()
        came = {turn for turn, stream in waiting if stream is None or events.get(stream)}
        reads_on = next((turn for turn in self._waiting if turn not in came), None)
        for turn in (*came, reads_on):
            if turn is not None:
                del self._waiting[turn]
                if not turn.done():
                    turn.set_result(None)
