"""Signed calls to receivers of one's own: the provider that takes a batch anywhere else (docs/providers.md)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import ssl
from collections.abc import Sequence

import httpcore
import httpx
from django.conf import settings
from standardwebhooks.webhooks import Webhook

from delivery.providers import bursts, loop
from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import Flight
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from delivery.providers.public_network import PrivateAddress, PublicTransport, UnknownHost
from delivery.providers.waits import HeedingWaits, retry_after_s
from delivery.providers.webhook import codes
from delivery.providers.webhook.message import call
from delivery.providers.webhook.options import Options
from foundation.clock import now_ms
from foundation.errors import Ambiguous, Misconfigured, PermanentForAddress, ProviderError, Transient

ANSWER_S = 1.0  # the status has decided; the rest of the answer isn't worth more
# What the network says where a connection doesn't come about.
NO_CONNECTION = (httpcore.NetworkError, httpcore.TimeoutException, PrivateAddress, UnknownHost)
_NONE = httpx.Timeout(None)  # the batch's ends each call
_PORTS = {"https": 443, "http": 80}
_CLOSING_S = 2.0
_LEAVING = "send_request_headers.started"
_SECRET_BYTES = range(24, 65)  # standard-webhooks: 24 to 64 bytes
logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes every receiver's address down


class WebhookAdapter:
    """One account (delivery/providers/port.py)."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options that aren't right and for a secret that can't sign."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._signer = _signer(account)
        self._trust = ssl.create_default_context(cafile=self._options.ca_file or None)
        self._client: httpx.AsyncClient | None = None
        self._transport: PublicTransport | None = None
        self._url = self._own_url()

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is the webhook-id."""
        call_each = HeedingWaits(self._send) if self._url else self._send
        return bursts.send_all(orders, call_each, streams=self._options.streams)

    def check(self) -> str:
        """Connects to the receiver and sends nothing. Raises Misconfigured or Transient."""
        if self._url is None:
            return f"{self.name}: the secret signs; each send's address is its receiver."
        try:
            loop.run(self._connect(self._url), settings.PROVIDER_TIMEOUT_S)
        except (*NO_CONNECTION, OSError) as error:
            found = self._not_answered(error, begun=False)
            raise type(found)(f"{self.name}: {found.detail}", provider_code=found.provider_code) from error
        return f"{self.name}: {self._url.host} is there; the secret signs."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        kept, self._client = self._client, None
        if kept is not None:
            loop.run(kept.aclose(), _CLOSING_S)

    async def _send(self, flight: Flight) -> Taken:
        order = flight.order
        url = self._url or self._checked_url(order.send.address)
        what = call(order, self._signer, now=now_ms())

        async def note(event: str, _: object) -> None:
            if event.endswith(_LEAVING):
                flight.begin()

        try:
            status, wait = await self._post(url, what.body, what.headers, note)
        except (httpx.HTTPError, PrivateAddress, UnknownHost, OSError) as error:
            raise self._not_answered(error, begun=flight.begun) from error
        if not 200 <= status < 300:
            raise codes.outcome(status, retry_after_s(wait, codes.SOON_S), is_shared=self._url is not None)
        return Taken(provider_id=order.send.id, at=now_ms(), started_at=flight.started_at)

    async def _post(self, url: httpx.URL, body: bytes, headers: dict[str, str], note: object) -> tuple[int, str | None]:
        """Status and Retry-After. The rest of the answer is read as far as it is small and quick."""
        async with self._connected().stream(
            "POST", url, content=body, headers=headers, extensions={"trace": note}
        ) as answer:
            try:
                async with asyncio.timeout(ANSWER_S):
                    await _read(answer, self._options.answer_max_bytes)
            except (TimeoutError, httpx.HTTPError):
                await answer.aclose()  # what counts is known
            return answer.status_code, answer.headers.get("retry-after")

    def _connected(self) -> httpx.AsyncClient:
        """The kept client; only called on the loop, so that there is one."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=self._new_transport(),
                timeout=_NONE,
                follow_redirects=False,
                trust_env=False,
                headers={"user-agent": "notification-platform", "accept-encoding": "identity"},
            )
        return self._client

    def _new_transport(self) -> PublicTransport:
        options = self._options
        return PublicTransport(trust=self._trust, streams=options.streams, allow_private=options.allow_private)

    async def _connect(self, url: httpx.URL) -> None:
        async with self._new_transport() as transport:
            stream = await transport.network.connect_tcp(url.host, url.port or _PORTS[url.scheme])
            if url.scheme == "https":
                stream = await stream.start_tls(self._trust, server_hostname=url.host)
            await stream.aclose()

    def _own_url(self) -> httpx.URL | None:
        try:
            return self._checked_url(self._options.url) if self._options.url else None
        except PermanentForAddress as error:
            raise Misconfigured(f"account {self.name}: url: {error.detail}", provider_code="options") from error

    def _checked_url(self, address: str) -> httpx.URL:
        """The address as httpx reads it, where it is one that may be called. Raises PermanentForAddress."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            url = httpx.URL("")
        schemes = ("https", "http") if self._options.allow_private else ("https",)
        if url.scheme not in schemes or not url.host or url.userinfo:
            raise PermanentForAddress(
                "A receiver's address is https://host/path, without name and password in it.", provider_code="url"
            )
        return url

    def _not_answered(self, error: Exception, *, begun: bool) -> ProviderError:
        """Why there is no answer; it depends on whether the call had left."""
        ours = PermanentForAddress if self._url is None else Misconfigured
        if isinstance(error, PrivateAddress):
            return ours(
                "The receiver's address leads into a private network. Give a public one, or set allow_private.",
                provider_code="private_address",
            )
        if begun:
            return Ambiguous(
                f"The receiver didn't answer ({type(error).__name__}); it may have the message.",
                provider_code="no_answer",
            )
        return Transient(f"The receiver can't be reached ({type(error).__name__}).", provider_code="connect")


async def _read(answer: httpx.Response, most: int) -> None:
    """Reads the answer to its end, so that its connection can be kept; a larger one is dropped."""
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read > most:
            await answer.aclose()
            return


def _signer(account: Account) -> Webhook:
    text = secret(account.options, "secret", account=account.name)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _no_secret(account) from error
    if len(key) not in _SECRET_BYTES:
        raise _no_secret(account)
    return Webhook(key)


def _no_secret(account: Account) -> Misconfigured:
    return Misconfigured(
        f"account {account.name}: secret has to be whsec_ and 24 to 64 bytes in base64.", provider_code="secret"
    )
