"""httpx's calls as flights: when a send leaves, and what becomes of a stream whose send was given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from delivery.providers.bursts import Flight
from delivery.providers.one_reader import http2_of, read_for_all

Trace = Callable[[str, Any], Awaitable[None]]
_HEADERS, _BODY = "send_request_headers.started", "send_request_body.started"


def noting(flight: Flight, transport: httpx.AsyncHTTPTransport) -> Trace:
    """httpcore's `trace` extension for `flight` over `transport`: without its body nobody can act on a request.

    httpcore comes by the headers again only where it is certain that the server took nothing.
    """

    async def note(event: str, _: Any) -> None:
        if event.endswith(_HEADERS):
            flight.approach()
            read_for_all(transport)
        elif event.endswith(_BODY):
            flight.begin()

    return note


def reset_given_up(transport: httpx.AsyncHTTPTransport) -> None:
    """Resets the streams nobody waits for any more, which httpcore leaves open: each would hold one of the places that
    the server allows, until none is left and every send fails. What it says leaves with the next request.
    """
    for connection in http2_of(transport):
        state = connection._h2_state
        given_up = [id for id, each in state.streams.items() if each.open and id not in connection._events]
        with suppress(ProtocolError):  # the connection is ending, and they with it
            for stream in given_up:
                state.reset_stream(stream, ErrorCodes.CANCEL)
