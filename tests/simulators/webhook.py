"""A receiver of webhooks, as its owner would write it by the standard's own library."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.simulators import control
from tests.simulators.certificates import certificate, server_tls
from tests.simulators.control import Script
from tests.simulators.http1 import Http1Simulator, cut

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class WebhookSimulator(Http1Simulator):
    """Takes calls at every path; 401 for a signature that isn't right. A code of `script` is an HTTP status, with
    `location`, `retry_after` and `size` (of the answer's body, in bytes) where they are given.
    """

    def __init__(self, *, tls: bool = False, port: int = 0) -> None:
        super().__init__(port=port, tls=server_tls("http/1.1") if tls else None)
        self.script = Script()
        self._peers: set[Any] = set()

    def options(self, **other: Any) -> dict[str, Any]:
        """The options of an account that calls here; its secret is in the variable WEBHOOK_SIMULATOR_SECRET."""
        return {
            "url": f"{self.base_url}/hook",
            "secret_env": "WEBHOOK_SIMULATOR_SECRET",
            "allow_private": True,
            "ca_file": str(certificate().ca_file),
            **other,
        }

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/{path:.*}", self._take)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if request.transport not in self._peers:
            self._peers.add(request.transport)
            self.script.connected()
        raw = await request.read()
        try:
            body = Webhook(SECRET).verify(raw, dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401)
        answer = self.script.next(body["data"]["address"])
        if self.script.latency_s:
            await asyncio.sleep(self.script.latency_s)
        self.script.take(
            id=request.headers["webhook-id"],
            address=body["data"]["address"],
            answer=answer.kind,
            headers={**request.headers, "path": request.path},
            body=body,
        )
        if answer.kind in (control.DROP, control.GOAWAY):
            return cut(request)
        if answer.kind == control.SILENCE:
            await asyncio.sleep(60)
        if answer.kind == control.RUBBISH and request.transport is not None:
            request.transport.write(b"what?\r\n\r\n")
            return cut(request)
        if answer.kind == control.LIMITED:
            return web.Response(status=429, headers={"Retry-After": "1"})
        status = int(answer.code) if answer.kind == control.CODE else 200
        headers = {"Retry-After": str(answer.extra["retry_after"])} if "retry_after" in answer.extra else {}
        if "location" in answer.extra:
            headers["Location"] = answer.extra["location"]
        return web.Response(status=status, headers=headers, body=b"x" * answer.extra.get("size", 2))
