"""The WebSocket gateway, a process of its own: `uvicorn channels_app.gateway:application --ws wsproto`, or daphne.

Channels' routing and consumer; deliveries come over `notifications.announce`, one Redis channel a process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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


class Gateway:
    """An ASGI application with one switchboard. It starts with the server; under daphne, with the first socket."""

    def __init__(self, calls: Callable[[], Calls]) -> None:
        self._calls = calls
        self.board: Switchboard | None = None
        routes: list[Any] = [("ws/inbox/$", self._socket), ("", _nothing_here)]
        self._router = ProtocolTypeRouter(
            {
                "lifespan": self._lifespan,
                "http": _only_sockets,
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
            before_stopping(self.board.stop)
        return self.board

    async def _lifespan(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        board = self._open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await board.stop()
        await send({"type": "lifespan.shutdown.complete"})


async def _only_sockets(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """`/health/live` for load balancers; everything else is served by web."""
    found = scope["path"] == "/health/live"
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok\n" if found else b"only /ws/inbox/ and /health/live here\n"})


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
