"""What each client frame does. An action that fails says so in an `error` frame; the socket stays."""

from __future__ import annotations

from typing import Any

import structlog

from channels_app import frames
from channels_app.calls import in_thread
from channels_app.missed import catch_up, last_seen_ms
from channels_app.sockets import Socket
from channels_app.switchboard import Switchboard
from foundation.clock import now_ms
from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable

# frame -> the parts of read state it sets
MARKS: dict[type, dict[str, bool]] = {
    frames.MarkRead: {"read": True},
    frames.MarkUnread: {"read": False},
    frames.MarkSeen: {"seen": True},
    frames.MarkOpened: {"opened": True, "read": True},
    frames.Archive: {"archived": True},
    frames.Unarchive: {"archived": False},
}

log = structlog.get_logger(__name__)


async def handle(board: Switchboard, socket: Socket, text: str | None) -> None:
    """Reads one frame and does it."""
    try:
        frame = frames.read_frame(text)
        await _do(board, socket, frame)
    except (PlatformError, *Unreachable) as error:
        socket.post(error_frame(error))


async def sync(board: Switchboard, socket: Socket, last_seen: str | None) -> None:
    """Sends what was missed; a store that is away costs an `error` frame, and the next `sync` makes up for it."""
    try:
        await catch_up(socket, board.calls, last_seen_ms(last_seen))
    except (PlatformError, *Unreachable) as error:
        socket.post(error_frame(error))


async def _do(board: Switchboard, socket: Socket, frame: frames.AnyClientFrame) -> None:
    match frame:
        case frames.Pong():
            return
        case frames.Ack(ids=ids):
            board.acks.add(socket.user, socket.acknowledged(ids))
        case frames.Sync(last_seen=last_seen):
            await catch_up(socket, board.calls, last_seen_ms(last_seen))
        case frames.ReadAll():
            await in_thread(board.calls.read_all, socket.user)
        case frames.Auth():
            raise Refused("this socket is authenticated already", code="already_authenticated")
        case _:
            await in_thread(board.calls.mark, socket.user, frame.ids, at=now_ms(), **MARKS[type(frame)])


def error_frame(error: Any) -> str:
    """The `error` frame of a refusal; of a server that is away, only that."""
    if isinstance(error, Refused):
        return frames.Error(code=error.code, detail=error.detail, field=error.field, remedy=error.remedy).text()
    log.warning("action failed", error=str(error), kind=type(error).__name__)
    return frames.Error(code="unavailable", detail="not possible right now", remedy="Try again in a moment.").text()
