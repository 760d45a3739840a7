"""Push to browsers by Web Push: pywebpush encrypts, py-vapid signs, httpx posts
(docs/decisions/0015-what-the-adapters-stand-on.md)."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import msgspec

from delivery.providers import bursts
from delivery.providers.accounts import Account
from delivery.providers.bursts import Flight
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from delivery.providers.public_client import NO_ANSWER, PublicClient, not_answered
from delivery.providers.waits import WaitsByHost, retry_after_s
from delivery.providers.webpush import message
from delivery.providers.webpush.codes import outcome
from delivery.providers.webpush.options import Options
from delivery.providers.webpush.vapid import Vapid
from foundation.clock import now_ms
from foundation.errors import PermanentForAddress, ProviderError

ANSWER_MAX_BYTES = 4 * 1024


class _Post(msgspec.Struct, frozen=True):
    """A message ready to go."""

    url: httpx.URL
    body: bytes
    headers: dict[str, str]


class WebPushAdapter:
    """An account of Web Push: one VAPID key. Each subscription names its push service."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options or a key that can't be used."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        options = self._options = options_of(account, Options)
        self._vapid = Vapid(account, options.subject)
        self._client = PublicClient(account, options, http2=True)
        self._waits = WaitsByHost()

    @property
    def public_key(self) -> str:
        """What a browser subscribes with (`applicationServerKey`), in base64url."""
        return self._vapid.public_key

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is the send's id."""
        # Encrypted here, in the batch's own thread: on the loop it would hold the other accounts up.
        ready = {order.id: self._ready(order, now_ms()) for order in orders}

        async def send(flight: Flight) -> Taken:
            post = ready[flight.order.id]
            if isinstance(post, ProviderError):
                raise post
            return await self._post(flight, post)

        return bursts.send_all(orders, send, streams=self._options.streams)

    def check(self) -> str:
        """There is no one service to connect to: the key has signed when this was built."""
        return f"{self.name}: the key signs; browsers subscribe with {self.public_key}."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        self._client.close()

    def _ready(self, order: Order, now: int) -> _Post | ProviderError:
        try:
            subscription = message.subscription_of(order.send.address)
            url = self._url(subscription.endpoint)
            headers = message.headers_of(order, now=now)
            headers["authorization"] = self._vapid.authorization(origin_of(url), now_s=now // 1_000)
            return _Post(url, message.encrypted(order, subscription), headers)
        except ProviderError as error:
            return error

    def _url(self, endpoint: str) -> httpx.URL:
        url = self._client.url_of(endpoint)
        if url is None:
            raise PermanentForAddress("A subscription's endpoint is https://host/path.", provider_code="endpoint")
        return url

    async def _post(self, flight: Flight, post: _Post) -> Taken:
        flight.of_part = not self._options.knows(post.url.host)
        self._waits.check(post.url.host)
        try:
            answer = await self._client.post(
                flight, post.url, body=post.body, headers=post.headers, most=ANSWER_MAX_BYTES
            )
        except NO_ANSWER as error:
            raise not_answered(error, begun=flight.begun, who="push service", of_part=flight.of_part) from error
        if not 200 <= answer.status < 300:
            wait = retry_after_s(answer.headers.get("retry-after"), None)
            raise self._waits.heed(
                post.url.host, outcome(answer.status, answer.body, retry_after_s=wait, is_known=not flight.of_part)
            )
        return Taken(provider_id=flight.order.id, at=now_ms(), started_at=flight.started_at)


def origin_of(url: httpx.URL) -> str:
    """The push service's origin, which a VAPID token is made for (RFC 8292, 2)."""
    return f"{url.scheme}://{url.netloc.decode()}"
