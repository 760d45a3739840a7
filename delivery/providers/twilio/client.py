"""Twilio's client over one bounded aiohttp session, and what its exceptions don't tell of a call."""

from __future__ import annotations

import logging
import ssl
from contextvars import ContextVar
from typing import Any

import msgspec
from aiohttp import ClientSession, ClientTimeout, TCPConnector, TraceConfig, encode_basic_auth
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from delivery.providers.bursts import Flight
from delivery.providers.twilio.options import Options

# It logs eight lines a call otherwise.
_log = logging.getLogger("twilio.async_http_client")
_log.setLevel(logging.WARNING)


class Call(msgspec.Struct, eq=False):
    """One call under way: the send it is for (none for a check), and the answer as it came."""

    flight: Flight | None = None
    begun: bool = False
    response: Response | None = None


call_under_way: ContextVar[Call] = ContextVar("twilio_call")


class _Http(AsyncTwilioHttpClient):
    """Twilio's own HTTP client with a session whose connections are kept and counted; it retries nothing."""

    def __init__(self, options: Options, trust: ssl.SSLContext) -> None:
        super().__init__(pool_connections=False, logger=_log)
        self.session = ClientSession(
            connector=TCPConnector(limit=options.streams, ssl=trust),
            timeout=ClientTimeout(total=None),  # the batch's ends each call
            trace_configs=[_noting_what_left()],
        )

    async def request(self, *args: Any, auth: tuple[str, str] | None = None, **kwargs: Any) -> Response:
        if auth:  # as a header: the library's own way makes aiohttp warn on each call
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "Authorization": encode_basic_auth(*auth)}
        response = await super().request(*args, **kwargs)
        call_under_way.get().response = response
        return response


def build(options: Options, token: str, trust: ssl.SSLContext) -> Client:
    """A client for the account; to be called on the loop its calls will run on."""
    client = Client(
        options.api_key_sid or options.account_sid,
        token,
        account_sid=options.account_sid,
        http_client=_Http(options, trust),
    )
    client.api.base_url = options.base_url
    return client


def _noting_what_left() -> TraceConfig:
    trace = TraceConfig()

    async def note(*_: Any) -> None:
        call = call_under_way.get()
        if call.flight is not None:
            call.flight.approach()
            call.flight.begin()
        call.begun = True

    trace.on_request_headers_sent.append(note)
    return trace
