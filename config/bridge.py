"""From an ASGI server to the synchronous Django application: one hop into a thread a request.

Django's own ASGI handler takes a hop for each synchronous middleware and view, a general WSGI adapter one for each
event of the answer. Here the body is read first (bounded), the whole request runs in one thread of a pool, and the
answer comes back to the event loop at once. Streamed answers are passed on piece by piece.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from foundation.meters import WEB

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TOO_LARGE = b'{"type":"/api/docs#too_large","title":"The request is too large","status":413,"code":"too_large",' + (
    b'"detail":"The body is over the limit.","field":"$","remedy":"Send less, or split the batch."}'
)
_UNPREFIXED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class ClientGone(Exception):
    """The client left in the middle of its body: half of one is never run."""


class WsgiBridge:
    """An ASGI application around a WSGI one. `workers` requests run at a time; a body may have `max_bytes`."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], *, workers: int, max_bytes: int) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="web")
        self._max_bytes = max_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        try:
            body = await self._read(receive)
        except ClientGone:
            return
        if body is None:
            await _answer(send, 413, [(b"content-type", b"application/problem+json")], TOO_LARGE)
            return
        loop = asyncio.get_running_loop()
        status, headers, first, rest = await loop.run_in_executor(self._pool, self._run, environ(scope, body))
        if rest is None:
            await _answer(send, status, headers, first)
            return
        await self._stream(send, status, headers, first, rest)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None as soon as it is over the limit. Raises ClientGone when the rest never comes."""
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > self._max_bytes:
                return None
        return b"".join(parts)

    def _run(self, environment: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes, Any]:
        """Runs the application: status, headers, and the whole body, or its beginning and an iterator over the rest."""
        started: list[Any] = []
        began = time.perf_counter()
        pieces: Any = self._wsgi(environment, lambda status, headers, exc_info=None: started.append((status, headers)))
        status, named = started[0]
        WEB.labels(environment["REQUEST_METHOD"], f"{status[0]}xx").observe(time.perf_counter() - began)
        headers = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in named]
        if getattr(pieces, "streaming", False) or not hasattr(pieces, "content"):
            return int(status[:3]), headers, b"", (pieces, iter(pieces))
        body = b"".join(pieces)
        pieces.close()
        return int(status[:3]), headers, b"" if environment["REQUEST_METHOD"] == "HEAD" else body, None

    async def _stream(
        self, send: Send, status: int, headers: list[tuple[bytes, bytes]], first: bytes, rest: Any
    ) -> None:
        pieces, iterator = rest
        loop = asyncio.get_running_loop()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        try:
            while piece := await loop.run_in_executor(self._pool, _next, iterator):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            if hasattr(pieces, "close"):
                await loop.run_in_executor(self._pool, pieces.close)


def _next(iterator: Any) -> bytes:
    """The next piece that isn't empty; b"" at the end."""
    return next((piece for piece in iterator if piece), b"")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def environ(scope: MutableMapping[str, Any], body: bytes) -> dict[str, Any]:
    """The WSGI environment of an ASGI scope (PEP 3333: text is bytes as latin-1)."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    path = scope.get("raw_path")
    found = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": (unquote_to_bytes(path) if path else scope["path"].encode()).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue  # X_Name would pass for X-Name
        variable = _UNPREFIXED.get(name) or "HTTP_" + name.upper().replace("-", "_")
        joint = "; " if name == "cookie" else ","
        found[variable] = f"{found[variable]}{joint}{value}" if variable in found else value
    found["CONTENT_LENGTH"] = str(len(body))
    return found
