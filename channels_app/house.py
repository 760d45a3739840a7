"""A process's place in Redis: whom it holds, and the letters it gets for them (contract §6).

The gateway holds users by their sockets, web by their long-polls; both through this. One session is one pair of
connections to Redis. Whatever breaks it ends the session; the next one subscribes, enters everybody again in pipelines,
and has everybody caught up. The same happens, without a new session, when Redis was emptied.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any

import redis.asyncio
import structlog
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from foundation.clock import now_ms
from foundation.redis import Unreachable, key
from notifications.announce import ENTER, LEAVE, Letter, everybody_channel, house_channel, presence_key, read_letters

USERS_A_CALL = 500
CALLS_A_PIPELINE = 10
WATCH_S = 1.0
BACKOFF_S = (0.1, 0.2, 0.5, 1.0)

log = structlog.get_logger(__name__)


class Unsubscribed(Exception):
    """Redis no longer knows our subscription: letters are being lost."""


class House:
    """Keeps `users` (the caller's own collection, read at every beat) present in Redis under a name of its own.

    `on_letters` gets what arrives; `on_gap` gets a time (ms) since when letters may have been lost.
    """

    def __init__(
        self, users: Collection[str], *, on_letters: Callable[[list[Letter]], None], on_gap: Callable[[int], None]
    ) -> None:
        self.name = secrets.token_hex(4)
        self._users = users
        self._on_letters = on_letters
        self._on_gap = on_gap
        self._changed: set[str] = set()
        self._settled: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._epoch = b""
        self._well_at = 0
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Starts, once, on the running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._live())

    async def close(self) -> None:
        """Takes everybody out of Redis and ends; a Redis that is away forgets by itself."""
        if self._task is None:
            return
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.5)
        try:
            async with _connect() as client:
                await _run(client, LEAVE, list(self._users), self.name)
        except Unreachable as error:
            log.warning("presence left to expire: Redis is away", error=str(error))

    def changed(self, user: str) -> asyncio.Future[None]:
        """`user` was put into or taken out of the collection; the future is done when Redis knows."""
        if self._settled is None:
            self._settled = asyncio.get_running_loop().create_future()
        self._changed.add(user)
        self._wake.set()
        return self._settled

    # --- sessions

    async def _live(self) -> None:
        failures = 0
        while True:
            try:
                await self._session()
            except* (*Unreachable, Unsubscribed, OSError) as errors:
                log.warning("lost Redis", house=self.name, error=str(errors.exceptions[0]))
            failures = 0 if self._well_at > now_ms() - 2_000 else failures + 1
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    async def _session(self) -> None:
        async with _connect() as client, client.pubsub() as mail:
            await mail.subscribe(house_channel(self.name), everybody_channel())
            await mail.get_message(timeout=2)
            epoch, _ = await self._look(client)
            gap_since, self._epoch = self._well_at, epoch
            await self._enter_all(client)
            self._well_at = now_ms()
            if gap_since:
                self._on_gap(gap_since)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(mail))
                group.create_task(self._watch(client))
                group.create_task(self._renew(client))
                group.create_task(self._register(client))

    async def _listen(self, mail: Any) -> None:
        async for message in mail.listen():
            if message["type"] != "message":
                continue
            if message["channel"] == everybody_channel().encode():
                self._on_gap(int(message["data"]))  # a broadcast that is merged at the read: all look anew
            else:
                self._on_letters(read_letters(message["data"]))

    async def _watch(self, client: Any) -> None:
        """Looks each second whether Redis was emptied or has forgotten us (contract §6)."""
        while not _cancelled():
            await asyncio.sleep(WATCH_S)
            epoch, subscribed = await self._look(client)
            if not subscribed:
                raise Unsubscribed(self.name)
            if epoch != self._epoch:
                log.warning("Redis was emptied: everybody enters again", house=self.name, users=len(self._users))
                self._epoch = epoch
                await self._enter_all(client)
                self._on_gap(self._well_at)
            self._well_at = now_ms()

    async def _look(self, client: Any) -> tuple[bytes, bool]:
        pipeline = client.pipeline(transaction=False)
        pipeline.set(key("epoch"), now_ms(), nx=True).get(key("epoch"))
        pipeline.pubsub_numsub(house_channel(self.name))
        _, epoch, subscribers = await pipeline.execute()
        return epoch, subscribers[0][1] > 0

    async def _renew(self, client: Any) -> None:
        while not _cancelled():
            await asyncio.sleep(settings.PRESENCE_S / 3)
            await self._enter_all(client)

    async def _register(self, client: Any) -> None:
        """What changed while the last call was under way goes in the next: batches by themselves."""
        while not _cancelled():
            await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            settled, self._settled = self._settled, None
            try:
                await self._write(client, changed)
            except BaseException:
                self._changed |= changed
                self._settled = _both(self._settled, settled)
                self._wake.set()
                raise
            _settle(settled)

    async def _write(self, client: Any, changed: set[str]) -> None:
        await _run(client, ENTER, [user for user in changed if user in self._users], self.name, _presence_s())
        await _run(client, LEAVE, [user for user in changed if user not in self._users], self.name)

    async def _enter_all(self, client: Any) -> None:
        await _run(client, ENTER, list(self._users), self.name, _presence_s())


def _cancelled() -> bool:
    """Asked each round: Python 3.11's `asyncio.wait_for`, which redis-py sends through, can swallow a cancellation."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _presence_s() -> int:
    return max(1, round(settings.PRESENCE_S))


def _connect() -> redis.asyncio.Redis:
    """A client that doesn't mend itself: after a break somebody has to enter and catch up."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )


async def _run(client: Any, script: str, users: Sequence[str], *arguments: object) -> None:
    """The script over all users: a few hundred a call, a few calls a pipeline."""
    step = USERS_A_CALL * CALLS_A_PIPELINE
    for start in range(0, len(users), step):
        pipeline = client.pipeline(transaction=False)
        for first in range(start, min(start + step, len(users)), USERS_A_CALL):
            keys = [presence_key(user) for user in users[first : first + USERS_A_CALL]]
            pipeline.eval(script, len(keys), *keys, *arguments)
        await pipeline.execute()


def _settle(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _both(newer: asyncio.Future[None] | None, older: asyncio.Future[None] | None) -> asyncio.Future[None] | None:
    """One future for the next batch that settles both."""
    if newer is None or older is None:
        return newer or older
    newer.add_done_callback(lambda _: _settle(older))
    return newer
