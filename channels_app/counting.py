"""After live notifications, the exact counts: one look for all users of a moment (contract §6, `unread_count`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from channels_app.calls import Calls, in_thread
from channels_app.frames import UnreadCount
from channels_app.sockets import Socket
from foundation.errors import PlatformError
from foundation.redis import Unreachable

GATHER_S = 0.3

log = structlog.get_logger(__name__)


class Counting:
    """Collects users for GATHER_S, asks for all their counts at once, and tells their sockets."""

    def __init__(self, users: Mapping[str, Sequence[Socket]], calls: Calls) -> None:
        self._users = users
        self._calls = calls
        self._changed: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def changed(self, user: str) -> None:
        """`user` was sent something new."""
        self._changed.add(user)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    def close(self) -> None:
        """Nobody is told any more."""
        if self._task:
            self._task.cancel()

    async def _tell(self) -> None:
        while self._changed:
            await asyncio.sleep(GATHER_S)
            users, self._changed = self._changed, set()
            try:
                counts = await in_thread(self._calls.counts, users)
            except (PlatformError, *Unreachable) as error:
                log.warning("counts not sent: the next change or sync brings them", error=str(error))
                continue
            for user, (unread, unseen) in counts.items():
                text = UnreadCount(unread=unread, unseen=unseen).text()
                for socket in self._users.get(user, ()):
                    socket.post(text)
