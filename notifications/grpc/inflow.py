"""What a client streams in, read no further ahead than a bound: beyond it HTTP/2's flow control holds the client."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import grpc

from foundation.errors import Unavailable
from notifications.accept import MAX_ITEMS

AT_ONCE_BYTES = 256 * 1024  # what is taken out together: enough for a thousand usual events


class Inflow:
    """The messages of one call, in order. At most `max_bytes` and one message more lie in it, or MAX_ITEMS messages."""

    def __init__(self, context: Any, *, max_bytes: int, stopping: asyncio.Event) -> None:
        self._context = context
        self._max_bytes = max_bytes
        self._stopping = stopping
        self._lying: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self._stop = asyncio.create_task(self._wait_for_stop())

    async def take(self) -> list[bytes]:
        """Some of what lies there, in order, at least one; [] at the end of the stream.

        Raises Unavailable when the server stops: what lies there is not taken.
        """
        while not self._lying and not self._ended and not self._stopping.is_set():
            self._changed.clear()
            await self._changed.wait()
        if self._stopping.is_set():
            raise stopping_refusal()
        if self._reading.done() and not self._lying:
            self._reading.result()
        return self._portion()

    def close(self) -> None:
        """Reads no further."""
        self._reading.cancel()
        self._stop.cancel()

    def _portion(self) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        while self._lying and (not found or size + len(self._lying[0]) <= AT_ONCE_BYTES):
            found.append(self._lying.popleft())
            size += len(found[-1])
        self._bytes -= size
        self._changed.set()
        return found

    async def _read(self) -> None:
        try:
            while (raw := await self._context.read()) is not grpc.aio.EOF:
                self._lying.append(raw)
                self._bytes += len(raw)
                self._changed.set()
                while self._bytes >= self._max_bytes or len(self._lying) >= MAX_ITEMS:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            self._ended = True
            self._changed.set()

    async def _wait_for_stop(self) -> None:
        await self._stopping.wait()
        self._changed.set()


def stopping_refusal() -> Unavailable:
    """What a stream is told whose server stops."""
    return Unavailable(
        "This server is stopping. What was answered is done, the rest isn't.",
        code="stopping",
        remedy="Call again: another server, or this one after its restart, takes the rest.",
        retry_after=1.0,
    )
