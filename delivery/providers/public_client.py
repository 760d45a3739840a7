"""Posting to addresses that others have given: one client an account, on the process's loop, connections kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

import httpcore
import httpx
import msgspec
from django.conf import settings

from delivery.providers import loop
from delivery.providers.accounts import Account
from delivery.providers.bursts import Flight
from delivery.providers.leaving import noting, reset_given_up
from delivery.providers.public_network import PrivateAddress, PublicTransport, UnknownHost
from delivery.providers.trust import trust_of
from foundation.errors import Ambiguous, PermanentForAddress, ProviderError, Transient

CONNECT_S = 2.0
ANSWER_S = 1.0  # the status has decided; the rest of the answer isn't worth more
ENDS_BEFORE_S = 0.2  # silence is noticed before the batch is over, so that the next one gets another connection
CLOSING_S = 2.0
# What a post raises where it gets no answer.
NO_ANSWER = (httpx.HTTPError, httpcore.NetworkError, httpcore.TimeoutException, PrivateAddress, UnknownHost, OSError)
_PORTS = {"https": 443, "http": 80}
logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes every address down


class Reach(Protocol):
    """What an adapter's options say of its connections."""

    @property
    def ca_file(self) -> str: ...

    @property
    def streams(self) -> int: ...

    @property
    def allow_private(self) -> bool: ...


class Answered(msgspec.Struct, frozen=True):
    """What came back: the body's beginning, as far as it was asked for and came in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PublicClient:
    """`post` and `connect` run on the loop, the rest anywhere."""

    def __init__(self, account: Account, options: Reach, *, http2: bool = False) -> None:
        """`http2`: spoken where it is offered. Raises Misconfigured where the options' `ca_file` can't be read."""
        self._trust = trust_of(account.name, options.ca_file)
        self._streams, self._allow_private, self._http2 = options.streams, options.allow_private, http2
        self._kept: tuple[httpx.AsyncClient, PublicTransport] | None = None

    def url_of(self, address: str) -> httpx.URL | None:
        """The address as httpx reads it; None where it isn't one that may be called."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            return None
        schemes = ("https", "http") if self._allow_private else ("https",)
        return url if url.scheme in schemes and url.host and not url.userinfo else None

    async def post(
        self, flight: Flight, url: httpx.URL, *, body: bytes, headers: Mapping[str, str], most: int
    ) -> Answered:
        """Sends, and reads `most` bytes of the answer. Raises what is in NO_ANSWER."""

        client, transport = self._connected()
        told = {"trace": noting(flight, transport)}
        try:
            async with client.stream(
                "POST", url, content=body, headers=dict(headers), timeout=_timeout(), extensions=told
            ) as answer:
                return Answered(answer.status_code, answer.headers, await _beginning(answer, most))
        except asyncio.CancelledError:
            reset_given_up(transport)
            raise

    async def connect(self, url: httpx.URL) -> None:
        """Connects and sends nothing. Raises what is in NO_ANSWER."""
        async with self._transport() as transport:
            stream = await transport.network.connect_tcp(url.host, url.port or _PORTS[url.scheme], CONNECT_S)
            if url.scheme == "https":
                stream = await stream.start_tls(self._trust, server_hostname=url.host, timeout=CONNECT_S)
            await stream.aclose()

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        kept, self._kept = self._kept, None
        if kept is not None:
            loop.run(kept[0].aclose(), CLOSING_S)

    def _connected(self) -> tuple[httpx.AsyncClient, PublicTransport]:
        """The kept client and its transport; only called on the loop, so that there is one."""
        if self._kept is None:
            transport = self._transport()
            client = httpx.AsyncClient(
                transport=transport,
                follow_redirects=False,
                trust_env=False,
                headers={"user-agent": "notification-platform", "accept-encoding": "identity"},
            )
            self._kept = client, transport
        return self._kept

    def _transport(self) -> PublicTransport:
        return PublicTransport(
            trust=self._trust, streams=self._streams, allow_private=self._allow_private, http2=self._http2
        )


def not_answered(error: Exception, *, begun: bool, who: str, of_part: bool) -> ProviderError:
    """Why there is no answer from `who`; it depends on whether the call had left; `of_part`: its affair alone."""
    if isinstance(error, PrivateAddress):
        return PermanentForAddress(
            f"The {who}'s address leads into a private network. Give a public one, or set allow_private.",
            provider_code="private_address",
        )
    if begun:
        return Ambiguous(
            f"The {who} didn't answer ({type(error).__name__}); it may have the message.",
            provider_code="no_answer",
            of_part=of_part,
        )
    return Transient(f"The {who} can't be reached ({type(error).__name__}).", provider_code="connect", of_part=of_part)


async def _beginning(answer: httpx.Response, most: int) -> bytes:
    """Reads a small answer to its end, so that its connection can be kept; a larger or slow one is dropped."""
    read = b""
    try:
        async with asyncio.timeout(ANSWER_S):
            async for chunk in answer.aiter_raw():
                read += chunk[: most - len(read) + 1]
                if len(read) > most:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass  # what counts is known
    await answer.aclose()
    return read[:most]


def _timeout() -> httpx.Timeout:
    """The batch's time-out ends each call; this one ends a connection on which nothing comes any more."""
    return httpx.Timeout(max(ENDS_BEFORE_S, settings.PROVIDER_TIMEOUT_S - ENDS_BEFORE_S), connect=CONNECT_S)
