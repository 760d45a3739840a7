"""A simulator that speaks HTTP/1.1: an aiohttp application on a port of loopback."""

from __future__ import annotations

import ssl

from aiohttp import web

from tests.simulators.running import HOST, Running


class Http1Simulator(Running):
    """`base_url` is where it listens; `port` 0 takes a free one. `routes` adds what it answers."""

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}"

    def routes(self, router: web.UrlDispatcher) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        app = web.Application()
        self.routes(app.router)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is None:
            return
        for each in self._runner.server.connections if self._runner.server else ():
            if each.transport is not None:
                each.transport.abort()  # a client that keeps its connection would never answer the end of TLS
        await self._runner.cleanup()


def cut(request: web.Request) -> web.Response:
    """Ends the request's connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
