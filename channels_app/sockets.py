"""One client's socket: who he is, when he was heard, what waits to be sent. Small, because there are many."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from channels_app.frames import MAX_IDS

BUFFER_CHARS = 256 * 1024
DRAIN_S = 30.0
# A batch whose worker, bridge or Redis died goes out again within this, with what clients that came back have already.
REPEATED_WITHIN_S = 180.0

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Socket:
    """Frames go out in order. A writer task exists only while there is something to write.

    More than BUFFER_CHARS waiting means the client doesn't keep up: the socket is dropped, which ends its `task`.
    """

    __slots__ = (
        "_caught_up",
        "_caught_up_at",
        "_closing",
        "_held",
        "_outbox",
        "_waiting",
        "_writer",
        "awaited",
        "dropped",
        "heard",
        "send",
        "task",
        "user",
    )

    def __init__(self, send: Send, user: str, *, heard: float) -> None:
        self.send = send
        self.user = user
        self.heard = heard
        self.task = asyncio.current_task()
        self.dropped = ""
        self.awaited: dict[str, None] | None = None
        self._caught_up: set[str] | None = None
        self._caught_up_at = 0.0
        self._outbox: deque[dict[str, Any]] | None = None
        self._held: list[tuple[str, str]] | None = None
        self._waiting = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing = False

    def post(self, text: str, brings: str = "") -> None:
        """Sends a frame as soon as the client takes it; `brings` is the notification an `ack` is awaited for."""
        if self._held is not None:
            self._held.append((text, brings))
            self._weigh(len(text))
            return
        if brings:
            if self._caught_up and brings in self._caught_up:
                return
            self._await_ack(brings)
        self._put({"type": "websocket.send", "text": text}, len(text))

    def close(self, code: int, reason: str) -> None:
        """Closes after what waits has been sent."""
        if not self._closing:
            self._put({"type": "websocket.close", "code": code, "reason": reason}, 0)
            self._closing = True

    def drop(self, reason: str) -> None:
        """Ends it now: what waits is forgotten."""
        if self.dropped:
            return
        self.dropped = reason
        self._outbox = self._held = None
        if self._writer is not None:
            self._writer.cancel()
        if self.task is not None:
            self.task.cancel(reason)

    def drop_quietly(self) -> None:
        """The client has gone by himself: nothing more is sent, nothing needs to be ended."""
        self.task = None
        self.drop("gone")

    def hold(self) -> None:
        """Live frames wait from now on, until `release`: what was missed goes first."""
        self._held = self._held if self._held is not None else []

    def release(self) -> None:
        """What was held follows."""
        held, self._held = self._held, None
        for text, brings in held or ():
            self._waiting -= len(text)
            self.post(text, brings)

    async def post_all(self, frames: Iterable[tuple[str, str]]) -> None:
        """Sends what was missed, past what is held, at the client's pace; `post` doesn't bring it again."""
        self._caught_up_at = time.monotonic()
        for text, brings in frames:
            if brings:
                self._caught_up = self._caught_up or set()
                self._caught_up.add(brings)
                self._await_ack(brings)
            self._put({"type": "websocket.send", "text": text}, len(text))
            if self._waiting > BUFFER_CHARS // 2:
                await self.drained()

    def forget_caught_up(self, now: float) -> None:
        """What was missed so long ago that no batch brings it again is forgotten; `now` by the monotonic clock."""
        if self._caught_up is not None and now - self._caught_up_at > REPEATED_WITHIN_S:
            self._caught_up = None

    async def drained(self) -> None:
        """Waits until everything is out; a client that takes longer than DRAIN_S is dropped."""
        if self._writer is not None:
            done, _ = await asyncio.wait([self._writer], timeout=DRAIN_S)
            if not done:
                self.drop("slow")

    def acknowledged(self, ids: Iterable[str]) -> list[str]:
        """Those of `ids` that this socket was sent and hadn't acknowledged."""
        if not self.awaited:
            return []
        fresh = [one for one in dict.fromkeys(ids) if one in self.awaited]
        for one in fresh:
            del self.awaited[one]
        self.awaited = self.awaited or None
        return fresh

    def _await_ack(self, brings: str) -> None:
        if self.awaited is None:
            self.awaited = {}
        self.awaited[brings] = None
        if len(self.awaited) > MAX_IDS:
            del self.awaited[next(iter(self.awaited))]

    def _put(self, message: dict[str, Any], size: int) -> None:
        if self.dropped or self._closing:
            return
        if self._outbox is None:
            self._outbox = deque()
        self._outbox.append(message)
        self._weigh(size)
        if self._writer is None and not self.dropped:
            self._writer = asyncio.create_task(self._write())

    def _weigh(self, size: int) -> None:
        self._waiting += size
        if self._waiting > BUFFER_CHARS:
            self.drop("slow")

    async def _write(self) -> None:
        try:
            while self._outbox:
                message = self._outbox.popleft()
                await self.send(message)
                self._waiting -= len(message.get("text", ""))
        except (OSError, RuntimeError):  # the server's words for "he is gone" and "this is closed already"
            self.drop("gone")
        finally:
            self._outbox = None
            self._writer = None
