"""What a client missed, in order: on connect, on `sync`, and after Redis lost sight of us (contract §6)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Container
from typing import Any

import structlog

from channels_app.calls import Calls, in_thread
from channels_app.frames import Notification, Synced, UnreadCount
from channels_app.sockets import Socket
from foundation.clock import from_rfc3339, now_ms, to_rfc3339
from foundation.errors import InvalidRequest, PlatformError

OVERLAP_MS = 60_000
MOST = 1_000
NEWEST = 20
SPREAD_S = 10.0
AT_ONCE = 4

Entries = list[dict[str, Any]]
log = structlog.get_logger(__name__)


def last_seen_ms(text: str | None) -> int | None:
    """The time in a `last_seen`. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        return from_rfc3339(text)
    except ValueError as error:
        raise InvalidRequest(str(error), field="last_seen", remedy="Use RFC 3339: 2026-02-23T14:30:00Z.") from error


async def catch_up(socket: Socket, calls: Calls, last_seen: int | None, *, had: Container[str] = ()) -> list[str]:
    """Sends what was missed but for what the socket `had`, oldest first, then the counts; live frames wait behind it.

    The ids that were sent.
    """
    socket.hold()
    try:
        at = now_ms()
        found, complete = await in_thread(_missed, calls, socket.user, last_seen)
        entries = [entry for entry in found if entry["id"] not in had]
        await socket.post_all((_text(entry), entry["id"]) for entry in entries)
        counts = await in_thread(calls.counts, [socket.user])
        unread, unseen = counts[socket.user]
        closing = [UnreadCount(unread=unread, unseen=unseen), Synced(at=to_rfc3339(at), complete=complete)]
        await socket.post_all((frame.text(), "") for frame in closing)
        return [entry["id"] for entry in entries]
    finally:
        socket.release()


async def catch_up_everybody(
    users: dict[str, list[Socket]], calls: Calls, since: int, brought: dict[str, None]
) -> None:
    """Everybody once, in any order, spread over SPREAD_S, a few at a time. `brought`: ids that sockets had from us, to
    which those sent now are added.
    """
    waiting = list(users)
    random.shuffle(waiting)
    step = SPREAD_S / max(1, len(waiting))
    start = asyncio.get_running_loop().time()
    slots = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for number, user in enumerate(waiting):
            await asyncio.sleep(max(0.0, start + number * step - asyncio.get_running_loop().time()))
            await slots.acquire()
            group.create_task(_one(users, user, calls, since, brought)).add_done_callback(lambda _: slots.release())


async def _one(users: dict[str, list[Socket]], user: str, calls: Calls, since: int, brought: dict[str, None]) -> None:
    sent: list[str] = []
    for socket in list(users.get(user, ())):
        try:
            sent += await catch_up(socket, calls, since, had=brought)
        except PlatformError as error:
            log.warning("not caught up: the client's next sync does it", error=str(error))
    brought.update(dict.fromkeys(sent))


def _missed(calls: Calls, user: str, last_seen: int | None) -> tuple[Entries, bool]:
    """(entries oldest first, whether that is all). Without a `last_seen`: the newest unread."""
    if last_seen is None:
        return list(calls.newest(user, NEWEST)), True
    found = list(calls.since(user, last_seen - OVERLAP_MS, MOST + 1))
    return found[:MOST], len(found) <= MOST


def _text(entry: dict[str, Any]) -> str:
    return Notification(notification=entry).text()
