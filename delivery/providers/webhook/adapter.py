"""Signed calls to receivers of one's own: the provider that takes a batch anywhere else (docs/providers.md)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import httpx
from django.conf import settings
from standardwebhooks.webhooks import Webhook

from delivery.providers import bursts, loop
from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import Flight
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from delivery.providers.public_client import NO_ANSWER, PublicClient, not_answered
from delivery.providers.waits import HeedingWaits, retry_after_s
from delivery.providers.webhook import codes
from delivery.providers.webhook.message import call
from delivery.providers.webhook.options import Options
from foundation.clock import now_ms
from foundation.errors import Misconfigured, PermanentForAddress, ProviderError

_SECRET_BYTES = range(24, 65)  # standard-webhooks: 24 to 64 bytes


class WebhookAdapter:
    """One account (delivery/providers/port.py)."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options that aren't right and for a secret that can't sign."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        options = self._options = options_of(account, Options)
        self._signer = _signer(account)
        self._client = PublicClient(account, options)
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
            loop.run(self._client.connect(self._url), settings.PROVIDER_TIMEOUT_S)
        except NO_ANSWER as error:
            found = self._not_answered(error, begun=False)
            raise type(found)(f"{self.name}: {found.detail}", provider_code=found.provider_code) from error
        return f"{self.name}: {self._url.host} is there; the secret signs."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        self._client.close()

    async def _send(self, flight: Flight) -> Taken:
        order = flight.order
        flight.of_part = self._url is None
        url = self._url or self._checked_url(order.send.address)
        what = call(order, self._signer, now=now_ms())
        try:
            answer = await self._client.post(
                flight, url, body=what.body, headers=what.headers, most=self._options.answer_max_bytes
            )
        except NO_ANSWER as error:
            raise self._not_answered(error, begun=flight.begun) from error
        if not 200 <= answer.status < 300:
            wait_s = retry_after_s(answer.headers.get("retry-after"), codes.SOON_S)
            raise codes.outcome(answer.status, wait_s, is_shared=self._url is not None)
        return Taken(provider_id=order.send.id, at=now_ms(), started_at=flight.started_at)

    def _own_url(self) -> httpx.URL | None:
        try:
            return self._checked_url(self._options.url) if self._options.url else None
        except PermanentForAddress as error:
            raise Misconfigured(f"account {self.name}: url: {error.detail}", provider_code="options") from error

    def _checked_url(self, address: str) -> httpx.URL:
        """The address as httpx reads it, where it is one that may be called. Raises PermanentForAddress."""
        url = self._client.url_of(address)
        if url is None:
            raise PermanentForAddress(
                "A receiver's address is https://host/path, without name and password in it.", provider_code="url"
            )
        return url

    def _not_answered(self, error: Exception, *, begun: bool) -> ProviderError:
        """Why there is no answer; where the address is the account's own, it is ours to mend."""
        found = not_answered(error, begun=begun, who="receiver", of_part=self._url is None)
        if isinstance(found, PermanentForAddress) and self._url is not None:
            return Misconfigured(found.detail, provider_code=found.provider_code)
        return found


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
