"""The WebSocket gateway, a process of its own: `uvicorn channels_app.gateway:application --ws wsproto`, or daphne.

Channels' routing and consumer; deliveries come over `notifications.announce`, one Redis channel a process.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if not apps.ready:
    django.setup()

from django.urls import re_path

from channels_app.calls import Calls
from channels_app.consumer import InboxConsumer
from channels_app.polite import before_stopping
from channels_app.switchboard import Switchboard
from foundation import endpoint, heartbeat, meters, probing

SOCKETS = meters.gauge("np_gateway_sockets", "Sockets this gateway holds")
USERS = meters.gauge("np_gateway_users", "Users with a socket here")


class Gateway:
    """An ASGI application with one switchboard. It starts with the server; under daphne, with the first socket."""

    def __init__(self, calls: Callable[[], Calls]) -> None:
        self._calls = calls
        self.board: Switchboard | None = None
        routes: list[Any] = [("ws/inbox/$", self._socket), ("", _nothing_here)]
        self._router = ProtocolTypeRouter(
            {
                "lifespan": self._lifespan,
                "http": self._http,
                "websocket": URLRouter([re_path(f"^{start}", application) for start, application in routes]),
            }
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self._router(scope, receive, send)

    async def _socket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await InboxConsumer(self._open())(scope, receive, send)

    def _open(self) -> Switchboard:
        if self.board is None:
            self.board = Switchboard(self._calls())
            self.board.open()
            SOCKETS.set_function(lambda: self.board.count if self.board else 0)
            USERS.set_function(lambda: len(self.board.users) if self.board else 0)
            heartbeat.count_sockets(lambda: self.board.count if self.board else 0)
            heartbeat.start()
            before_stopping(self.board.stop)
        return self.board

    async def _lifespan(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        board = self._open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await board.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """`/health/…` for load balancers, `/metrics` for this machine itself; everything else is served by web."""
        path = scope["path"] if scope["path"] != "/metrics" or _from_here(scope) else ""
        status, kind, body = await asyncio.to_thread(endpoint.respond, path, self._parts)
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _parts(self) -> dict[str, str]:
        stopping = self.board is not None and self.board.stopping
        return {"redis": probing.redis(), "sockets": "the gateway is stopping" if stopping else probing.OK}


def _from_here(scope: dict[str, Any]) -> bool:
    """From loopback, and not handed on by a proxy."""
    forwarded = {name for name, _ in scope["headers"]} & {b"x-forwarded-for", b"forwarded"}
    try:
        return not forwarded and ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


async def _nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4404})


def _real_calls() -> Calls:
    from channels_app import inbox
    from notifications import credentials, reports, unread

    return Calls(
        verify_token=credentials.verify_user_token,
        redeem_ticket=credentials.redeem_ticket,
        since=inbox.since,
        newest=inbox.newest,
        mark=inbox.mark,
        read_all=inbox.read_all,
        counts=unread.counts,
        produce=reports.produce,
    )


application = Gateway(_real_calls)
