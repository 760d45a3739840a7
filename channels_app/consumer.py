"""The consumer behind `/ws/inbox/`: handshake, who it is, then his frames one after the other."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import structlog
from channels.consumer import AsyncConsumer
from django.conf import settings

from channels_app import actions
from channels_app.calls import in_thread
from channels_app.frames import Auth, Error, Hello, Reconnect, read_frame
from channels_app.handshake import Admitted, Refusal, judge
from channels_app.missed import last_seen_ms
from channels_app.sockets import Socket
from channels_app.switchboard import Switchboard
from foundation.clock import now_ms, to_rfc3339
from foundation.errors import InvalidRequest, Refused, Unauthenticated

AUTH_S = 10.0
NOT_YOU = 4401
BAD_FRAME = 4400

log = structlog.get_logger(__name__)


class InboxConsumer(AsyncConsumer):
    """One client. It joins no channel layer and waits in one plain loop: an idle socket is one task."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.board = switchboard

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        verdict = self._judge(scope)
        user = await self._redeem(verdict) if isinstance(verdict, Admitted) else None
        if isinstance(verdict, Admitted) and verdict.ticket is not None and user is None:
            verdict = Refusal(401, NOT_YOU, "the ticket was used, is over, or was never made")
        if isinstance(verdict, Refusal):
            await _refuse(scope, receive, send, verdict)
            return
        await send({"type": "websocket.accept"})
        scope["headers"].clear()  # they are what an idle socket would weigh most by
        last_seen = verdict.last_seen
        if user is None:
            user, last_seen = await _first_frame(self.board, receive, send)
        if user:
            await self._serve(Socket(send, user, heard=time.monotonic()), receive, last_seen)

    def _judge(self, scope: dict[str, Any]) -> Admitted | Refusal:
        full = 0 if self.board.stopping else settings.SOCKET_SOFT_LIMIT
        return judge(
            headers=scope["headers"],
            query=scope["query_string"],
            origins=settings.ALLOWED_ORIGINS,
            sockets=self.board.count,
            soft_limit=full,
        )

    async def _redeem(self, admitted: Admitted) -> str | None:
        if admitted.ticket is None:
            return None
        return await in_thread(self.board.calls.redeem_ticket, admitted.ticket)

    async def _serve(self, socket: Socket, receive: Any, last_seen: str | None) -> None:
        try:
            await self.board.join(socket)
            socket.post(_hello(socket.user))
            await actions.sync(self.board, socket, last_seen)
            await _listen(self.board, socket, receive)
        except asyncio.CancelledError:
            if not socket.dropped:
                raise
            log.info("socket dropped", reason=socket.dropped)
        finally:
            self.board.leave(socket)


async def _listen(board: Switchboard, socket: Socket, receive: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            socket.drop_quietly()
            return
        socket.heard = time.monotonic()
        await actions.handle(board, socket, message.get("text"))


async def _first_frame(board: Switchboard, receive: Any, send: Any) -> tuple[str | None, str | None]:
    """(user, last_seen) from the `auth` frame; (None, None) once the socket was closed for want of it."""
    try:
        async with asyncio.timeout(AUTH_S):
            message = await receive()
        if message["type"] == "websocket.disconnect":
            return None, None
        frame = read_frame(message.get("text"))
        if not isinstance(frame, Auth):
            raise Unauthenticated("the first frame has to be auth", remedy='Send {"type": "auth", "token": "…"} first.')
        last_seen_ms(frame.last_seen)
        return await in_thread(board.calls.verify_token, frame.token), frame.last_seen
    except TimeoutError:
        refusal: Refused = Unauthenticated(f"no auth frame came within {AUTH_S:.0f} seconds")
    except Refused as error:
        refusal = error
    code = BAD_FRAME if isinstance(refusal, InvalidRequest) else NOT_YOU
    await send({"type": "websocket.send", "text": actions.error_frame(refusal)})
    await send({"type": "websocket.close", "code": code, "reason": refusal.code})
    return None, None


async def _refuse(scope: dict[str, Any], receive: Any, send: Any, refusal: Refusal) -> None:
    """An HTTP answer where the server can give one (uvicorn); daphne can't, there the socket says it and closes."""
    log.warning("handshake refused", status=refusal.status, detail=refusal.detail)
    if "websocket.http.response" in (scope.get("extensions") or {}):
        body = json.dumps({"status": refusal.status, "detail": refusal.detail}).encode()
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
        if refusal.retry_after:
            headers.append((b"retry-after", b"%d" % refusal.retry_after))
        await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
        return
    await send({"type": "websocket.accept"})
    if refusal.retry_after:
        frame = Reconnect(after_ms=refusal.retry_after * 1000, reason=refusal.detail)
        await send({"type": "websocket.send", "text": frame.text()})
    else:
        await send({"type": "websocket.send", "text": Error(code="refused", detail=refusal.detail).text()})
    await send({"type": "websocket.close", "code": refusal.code, "reason": refusal.detail[:120]})


def _hello(user: str) -> str:
    return Hello(
        user=user,
        at=to_rfc3339(now_ms()),
        ping_seconds=settings.SOCKET_PING_S,
        dead_seconds=settings.SOCKET_DEAD_S,
    ).text()
