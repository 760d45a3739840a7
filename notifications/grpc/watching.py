"""Notifications that are watched: one look into the store for all of this process's watches together.

A watch is looked at often while something happens to it, ever more rarely while nothing does. Nothing on the way of a
notification knows of being watched, so watching costs the pipeline nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from foundation.errors import RateLimited, Unreachable
from notifications import timeline
from notifications.grpc import telling
from notifications.grpc.caller import InThread
from notifications.grpc.inflow import stopping_refusal
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb
from notifications.status import ACCEPTED, LEDGER_IN_FLIGHT
from notifications.store import get_store

OFTEN_S, RARELY_S = 0.1, 2.0
SLOWER = 1.5
RETRY_AFTER_S = 5.0

log = structlog.get_logger(__name__)
Told = dict[str, Any]


class _Watch:
    """`told`: the last that was read. `due`: when to look again, which is `rest` seconds after the last look."""

    __slots__ = ("changed", "due", "id", "rest", "told")

    def __init__(self, id: str) -> None:
        self.id = id
        self.told: Told = {}
        self.rest = OFTEN_S
        self.due = time.monotonic() + OFTEN_S
        self.changed = asyncio.Event()

    def hear(self, told: Told | None, now: float) -> None:
        """What the store says now; None: it knows nothing yet, or is away."""
        news = told is not None and told != self.told
        self.rest = OFTEN_S if news else min(self.rest * SLOWER, RARELY_S)
        self.due = now + self.rest
        if told is not None and news:
            self.told = told
            self.changed.set()


class Watches:
    """This process's watches, at most `most`, each for at most `seconds`."""

    def __init__(self, in_thread: InThread, stopping: asyncio.Event, *, most: int, seconds: float) -> None:
        self._in_thread, self._stopping, self._most, self._seconds = in_thread, stopping, most, seconds
        self._open: set[_Watch] = set()
        self._looking: asyncio.Task[None] | None = None

    async def follow(self, id: str) -> AsyncIterator[Told]:
        """Everything known of a notification whenever that changes. Ends at the bound.

        Raises RateLimited when there are too many watches, Unavailable when the server stops.
        """
        if len(self._open) >= self._most:
            raise RateLimited(
                f"This server has {self._most} watches.",
                code="too_many_watches",
                remedy="Try again later, or ask for the status instead.",
                retry_after=RETRY_AFTER_S,
            )
        watch = _Watch(id)
        self._open.add(watch)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async for told in self._heard(watch):
                yield told
        finally:
            self._open.discard(watch)

    async def _heard(self, watch: _Watch) -> AsyncIterator[Told]:
        until = time.monotonic() + self._seconds
        while (left := until - time.monotonic()) > 0:
            with suppress(TimeoutError):  # only to look whether it is time to end
                await asyncio.wait_for(watch.changed.wait(), min(left, RARELY_S))
            if self._stopping.is_set():
                raise stopping_refusal()
            if watch.changed.is_set():
                watch.changed.clear()
                yield watch.told

    async def _look(self) -> None:
        while self._open:
            now = time.monotonic()
            if due := [watch for watch in self._open if watch.due <= now]:
                await self._ask(due)
            await asyncio.sleep(OFTEN_S / 2)

    async def _ask(self, due: list[_Watch]) -> None:
        found: dict[str, Told] = {}
        try:
            found = await self._in_thread(read, {watch.id for watch in due})
        except Unreachable as error:  # they go on when it is back
            log.warning("nothing to watch: the store is away", watches=len(due), error=str(error))
        now = time.monotonic()
        for watch in due:
            watch.hear(found.get(watch.id), now)


def read(ids: Collection[str]) -> dict[str, Told]:
    """What the store holds of each, as REST tells it: two reads for all. Raises StoreUnavailable."""
    store = get_store()
    details = store.details(list(ids))
    decisions = {id: [each.decision for each in details.get(id, ())] for id in ids}
    cells = store.timelines([id for id, found in decisions.items() if found])
    return {id: timeline.told(found, cells.get(id, [])) for id, found in decisions.items() if found}


class News:
    """What of a timeline was said before: entries may come late and find their place between older ones."""

    def __init__(self) -> None:
        self._said: set[bytes] = set()

    def of(self, told: Told) -> pb.WatchResponse:
        """The state, and those entries that are new."""
        new = [entry for entry in told["timeline"] if self._is_new(entry)]
        return pb.WatchResponse(
            status=told["status"],
            channels=telling.channels(told),
            timeline=[telling.entry(entry) for entry in new],
            final=is_over(told),
        )

    def _is_new(self, entry: Told) -> bool:
        known = msgspec.json.encode(entry, order="deterministic")
        if known in self._said:
            return False
        self._said.add(known)
        return True


def is_over(told: Told) -> bool:
    """Whether nothing more is on its way."""
    return told["status"] not in (ACCEPTED, LEDGER_IN_FLIGHT)
