"""firebase-admin's messaging service, as one account uses it: its own endpoint, no retries, a token from outside.

The library has no settings for these; they are set here, on an app of the account's own, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextvars import ContextVar
from uuid import uuid4

import firebase_admin
import httpx
from django.conf import settings
from firebase_admin import _http_client, messaging

from delivery.providers.bursts import Flight
from delivery.providers.fcm.options import Options
from delivery.providers.fcm.tokens import Tokens
from delivery.providers.leaving import noting, reset_given_up
from delivery.providers.trust import trust_of

CONNECT_S = 2.0
ENDS_BEFORE_S = 0.2  # silence is noticed before the batch is over, so that the next one gets another connection
KEEP_S = 300.0

# The send whose request is under way in this context.
flight_under_way: ContextVar[Flight] = ContextVar("fcm_flight")


class Service:
    """Sends single messages; made and used on the loop."""

    def __init__(self, options: Options, tokens: Tokens, account: str) -> None:
        self._transport = _transport(options, account)  # first: firebase-admin keeps every app that was initialized
        project = options.project or tokens.certificate.project_id
        self._app = firebase_admin.initialize_app(
            tokens.certificate, {"projectId": project}, name=f"{account}-{uuid4()}"
        )
        service = messaging._get_messaging_service(self._app)
        service._fcm_url = f"{options.url}/v1/projects/{project}/messages:send"
        service._async_client._timeout = _timeout()
        service._async_client._async_client = _client(self._transport, tokens)
        self._client: httpx.AsyncClient = service._async_client._async_client

    async def send(self, message: messaging.Message) -> messaging.SendResponse:
        """One call a message: in a list of many, one answer that can't be read takes the others with it."""
        try:
            batch = await messaging.send_each_async([message], dry_run=False, app=self._app)
        except asyncio.CancelledError:
            reset_given_up(self._transport)
            raise
        return batch.responses[0]

    async def reach(self, url: str) -> int:
        """The status that `url` answers a plain look with; nothing is sent. Raises httpx.HTTPError."""
        return (await self._client.get(url, auth=None, timeout=_timeout())).status_code

    async def close(self) -> None:
        """Ends the connection."""
        await self._client.aclose()

    def forget(self) -> None:
        """Takes the account out of firebase-admin, once closed; off the loop, as the library starts one of its own."""
        firebase_admin.delete_app(self._app)


class _Auth(httpx.Auth):
    """The token as it stands, and a word when the request begins."""

    def __init__(self, tokens: Tokens, transport: httpx.AsyncHTTPTransport) -> None:
        self._tokens, self._transport = tokens, transport

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._tokens.current}"
        request.extensions["trace"] = noting(flight_under_way.get(), self._transport)
        yield request


def _transport(options: Options, account: str) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_S)
    trust = trust_of(account, options.ca_file)
    return httpx.AsyncHTTPTransport(http1=False, http2=True, verify=trust, limits=limits, retries=0)


def _client(transport: httpx.AsyncHTTPTransport, tokens: Tokens) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, auth=_Auth(tokens, transport), headers=_http_client.METRICS_HEADERS)


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(max(ENDS_BEFORE_S, settings.PROVIDER_TIMEOUT_S - ENDS_BEFORE_S), connect=CONNECT_S)
