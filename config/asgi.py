"""The web role: `uvicorn config.asgi:application` (or daphne). The gateway has an application of its own.

Everything synchronous goes through the bridge. What waits (long-polling: GET …/notifications?since=) goes to Django's
own ASGI handler, where an asynchronous view holds no thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application

from config.bridge import Receive, Send, WsgiBridge
from config.wsgi import application as wsgi_application

INBOX = re.compile(r"/api/v1/users/[^/]+/notifications/?")
LONG_POLL = re.compile(rb"(^|&)since=")

waiting = get_asgi_application()
working = WsgiBridge(wsgi_application, workers=settings.WEB_THREADS, max_bytes=settings.BATCH_REQUEST_MAX_BYTES)


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Routes by address; lifespan is acknowledged, WebSockets belong to the gateway."""
    if scope["type"] == "http":
        await (waiting if _waits(scope) else working)(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "sockets are opened at GATEWAY_URL"})


def _waits(scope: MutableMapping[str, Any]) -> bool:
    return bool(LONG_POLL.search(scope["query_string"])) and INBOX.fullmatch(scope["path"]) is not None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
