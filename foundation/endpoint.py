"""A tiny HTTP endpoint for processes that have none of their own: /metrics, /health/live, /health/ready."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.exposition import ThreadingWSGIServer

from foundation import meters
from foundation.probing import OK

Parts = Callable[[], Mapping[str, str]]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Scrapes aren't worth a line."""


def serve(host: str, port: int, parts: Parts) -> WSGIServer:
    """Serves in a thread of its own until the process ends. `parts` names what readiness needs: "ok", or why not.

    Raises OSError where the port is taken.
    """
    server = make_server(host, port, application(parts), ThreadingWSGIServer, _Quiet)
    threading.Thread(target=server.serve_forever, name="endpoint", daemon=True).start()
    return server


def application(parts: Parts) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The endpoint as a WSGI application."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, kind, body = respond(environ["PATH_INFO"], parts)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def respond(path: str, parts: Parts) -> tuple[str, str, bytes]:
    """(status line, content type, body) for `path`."""
    if path == "/metrics":
        return "200 OK", CONTENT_TYPE_LATEST, meters.exposition()
    if path == "/health/live":
        return "200 OK", "application/json", b'{"status": "live"}'
    if path == "/health/ready":
        found = parts()
        ready = all(word == OK for word in found.values())
        body = {"status": "ready" if ready else "not ready", "parts": dict(found)}
        return "200 OK" if ready else "503 Service Unavailable", "application/json", json.dumps(body).encode()
    return "404 Not Found", "text/plain; charset=utf-8", b"only /metrics, /health/live and /health/ready here\n"
