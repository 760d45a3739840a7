"""Acknowledgements become `delivered` receipts, many in one write (contract §5: in-app pending → sent → delivered)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog

from channels_app.calls import in_thread
from foundation.clock import now_ms
from foundation.errors import Unreachable
from notifications.records import Receipt

GATHER_S = 0.2
GATHER_MOST = 500
KEPT_MOST = 50_000
RETRY_S = 1.0

log = structlog.get_logger(__name__)


class Acks:
    """Collects for GATHER_S or GATHER_MOST, then produces in a thread; what the log doesn't take is tried again."""

    def __init__(self, produce: Callable[[Sequence[Receipt]], Any]) -> None:
        self._produce = produce
        self._waiting: list[Receipt] = []
        self._task: asyncio.Task[None] | None = None
        self._full = asyncio.Event()

    def add(self, user: str, ids: Iterable[str]) -> None:
        """These notifications have reached a device of `user`."""
        at = now_ms()
        self._waiting += [Receipt(id=one, user=user, channel="in_app", status="delivered", at=at) for one in ids]
        if len(self._waiting) >= GATHER_MOST:
            self._full.set()
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._flush())

    async def close(self) -> None:
        """Writes what is left."""
        self._full.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=RETRY_S)

    async def _flush(self) -> None:
        while self._waiting:
            await self._gather()
            batch, self._waiting = self._waiting[:GATHER_MOST], self._waiting[GATHER_MOST:]
            try:
                await in_thread(self._produce, batch)
            except Unreachable as error:
                self._keep(batch, error)
                await asyncio.sleep(RETRY_S)

    async def _gather(self) -> None:
        if len(self._waiting) < GATHER_MOST:
            self._full.clear()
            try:
                await asyncio.wait_for(self._full.wait(), GATHER_S)
            except TimeoutError:
                return

    def _keep(self, batch: list[Receipt], error: Exception) -> None:
        self._waiting = (batch + self._waiting)[-KEPT_MOST:]
        log.warning("receipts wait: the log took none", waiting=len(self._waiting), error=str(error))
