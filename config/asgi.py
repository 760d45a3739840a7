"""The web role: `uvicorn config.asgi:application` (or daphne). The gateway has an application of its own.

Everything goes through the bridge into threads; what waits (long-polling: GET …/notifications?since=) waits in front of
it, without a thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as wsgi_application  # noqa: I001  Django is set up here, before what needs it

from channels_app.polling import LongPolls
from config.bridge import Receive, Send, WsgiBridge
from django.conf import settings
from delivery import draining
from foundation import heartbeat
from foundation.collector import collect_rarely

collect_rarely()
web = LongPolls(WsgiBridge(wsgi_application, workers=settings.WEB_THREADS, max_bytes=settings.BATCH_REQUEST_MAX_BYTES))


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """HTTP is served, lifespan is acknowledged, WebSockets belong to the gateway."""
    if scope["type"] == "http":
        draining.start()  # daphne knows no lifespan
        await web(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "sockets are opened at GATEWAY_URL"})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        if event == "lifespan.startup":
            heartbeat.start()
            draining.start()
        elif event == "lifespan.shutdown":
            await asyncio.get_running_loop().run_in_executor(None, draining.stop)
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
