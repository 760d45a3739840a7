"""Text messages by Twilio: a batch of orders as concurrent calls over kept connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import ClientError
from django.conf import settings
from twilio.base.exceptions import TwilioException
from twilio.base.version import Version
from twilio.http.response import Response
from twilio.rest import Client

from delivery.providers import loop
from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import Burst
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from delivery.providers.timing import TOO_LATE, retry_after_s
from delivery.providers.twilio import client, codes
from delivery.providers.twilio.client import Call, call_under_way
from delivery.providers.twilio.message import parameters
from delivery.providers.twilio.options import Options
from foundation.clock import now_ms
from foundation.errors import Ambiguous, ProviderError, ProviderRateLimited, Transient

_CLOSING_S = 2.0


class TwilioAdapter:
    """One account at Twilio (delivery/providers/port.py). Raises Misconfigured for options that aren't right."""

    def __init__(self, account: Account) -> None:
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._token = secret(account.options, "auth_token", account=account.name)
        self._streams = asyncio.Semaphore(self._options.streams)
        self._client: Client | None = None

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """Sends a batch; a result for each, in order."""
        if not orders:
            return []
        room_s = (max(order.deadline for order in orders) - now_ms()) / 1_000
        if room_s <= 0:
            return [TOO_LATE] * len(orders)
        return loop.run(Burst(self._one, self._streams).send(orders), room_s + loop.MARGIN_S)

    def check(self) -> str:
        """Reads one line of the message log. Raises Misconfigured or Transient."""
        error = loop.run(self._ask(), settings.PROVIDER_TIMEOUT_S + loop.MARGIN_S)
        if error is not None:
            raise error
        sender = self._options.messaging_service_sid or self._options.from_number
        return f"Twilio takes the credentials of {self._options.account_sid}; messages go out by {sender}."

    def close(self) -> None:
        """Ends the connections."""
        kept, self._client = self._client, None
        if kept is not None:
            loop.run(kept.http_client.close(), _CLOSING_S)

    async def _one(self, order: Order, room_s: float) -> Result:
        started = now_ms()
        try:
            given = parameters(order, self._options, now=started)
        except ProviderError as error:
            return error
        call = Call()
        call_under_way.set(call)
        try:
            async with asyncio.timeout(room_s):
                message = await self._connected().messages.create_async(**given)
        except Exception as error:
            return _error_of(error, call)
        if not message.sid:
            return Ambiguous("Twilio's answer names no message; it may have been taken.", provider_code="answer")
        return Taken(provider_id=message.sid, at=now_ms(), started_at=started)

    async def _ask(self) -> ProviderError | None:
        call = Call()
        call_under_way.set(call)
        try:
            async with asyncio.timeout(settings.PROVIDER_TIMEOUT_S):
                await self._connected().messages.list_async(limit=1, page_size=1)
        except Exception as error:
            found = _error_of(error, call)
            return Transient(found.detail, provider_code=found.provider_code) if _passes(found) else found
        return None

    def _connected(self) -> Client:
        """The kept client; only called on the loop, so that there is one."""
        if self._client is None:
            self._client = client.build(self._options, self._token)
        return self._client


def _passes(error: ProviderError) -> bool:
    return isinstance(error, Ambiguous | ProviderRateLimited)


def _answered(response: Response) -> ProviderError:
    told = Version.exception("", "", response, "")
    code = told.code if isinstance(told.code, int) else None
    header = response.headers.get("Retry-After")
    wait_s = retry_after_s(header, codes.SOON_S) if header else None
    words = str(getattr(told, "msg", "") or getattr(told, "title", "")).removeprefix(": ")
    return codes.outcome(response.status_code, code, words, wait_s)


def _error_of(error: Exception, call: Call) -> ProviderError:
    """What a call's exception means: an answer by the table; without one it depends on whether the call had left."""
    if isinstance(error, TwilioException) and call.response is not None:
        return _answered(call.response)
    if isinstance(error, ValueError | TypeError | AttributeError | LookupError) and call.begun:
        return Ambiguous("Twilio's answer can't be read; the message may have been taken.", provider_code="answer")
    if not isinstance(error, ClientError | TimeoutError | OSError):
        raise error
    if call.begun:
        return Ambiguous(
            f"Twilio didn't answer ({type(error).__name__}); the message may have been taken.",
            provider_code="no_answer",
        )
    return Transient(f"Twilio can't be reached ({type(error).__name__}).", provider_code="connect")
