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

from delivery.providers import bursts, loop
from delivery.providers.accounts import Account, secret
from delivery.providers.bursts import Flight
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from delivery.providers.trust import trust_of
from delivery.providers.twilio import client, codes
from delivery.providers.twilio.client import Call, call_under_way
from delivery.providers.twilio.message import parameters
from delivery.providers.twilio.options import Options
from delivery.providers.waits import HeedingWaits, retry_after_s
from foundation.clock import now_ms
from foundation.errors import Ambiguous, Misconfigured, ProviderError, Transient

_CLOSING_S = 2.0
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)


class TwilioAdapter:
    """One account at Twilio (delivery/providers/port.py)."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options that aren't right and for a token that isn't there."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._token = secret(account.options, "auth_token", account=account.name)
        self._trust = trust_of(account.name, self._options.ca_file)
        self._client: Client | None = None

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is the message's SID."""
        return bursts.send_all(orders, HeedingWaits(self._send), streams=self._options.streams)

    def check(self) -> str:
        """Reads one line of the message log, sends nothing. Raises Misconfigured or Transient."""
        loop.run(self._ask(), settings.PROVIDER_TIMEOUT_S + loop.MARGIN_S)
        sender = self._options.messaging_service_sid or self._options.from_number
        return f"{self.name}: Twilio takes the credentials of {self._options.account_sid}; messages go out by {sender}."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        kept, self._client = self._client, None
        if kept is not None:
            loop.run(kept.http_client.close(), _CLOSING_S)

    async def _send(self, flight: Flight) -> Taken:
        given = parameters(flight.order, self._options, now=now_ms())
        call = Call(flight)
        call_under_way.set(call)
        try:
            message = await self._connected().messages.create_async(**given)
        except (TwilioException, ClientError, OSError, *_UNREADABLE) as error:
            raise _meaning(error, call) from error
        if not message.sid:
            raise Ambiguous("Twilio's answer names no message; it may have been taken.", provider_code="answer")
        return Taken(provider_id=message.sid, at=now_ms(), started_at=flight.started_at)

    async def _ask(self) -> None:
        call = Call()
        call_under_way.set(call)
        try:
            async with asyncio.timeout(settings.PROVIDER_TIMEOUT_S):
                await self._connected().messages.list_async(limit=1, page_size=1)
        except (TwilioException, ClientError, OSError, *_UNREADABLE) as error:
            found = _meaning(error, call)
            kind = Misconfigured if isinstance(found, Misconfigured) else Transient
            raise kind(f"{self.name}: {found.detail}", provider_code=found.provider_code) from error

    def _connected(self) -> Client:
        """The kept client; only called on the loop, so that there is one."""
        if self._client is None:
            self._client = client.build(self._options, self._token, self._trust)
        return self._client


def _meaning(error: Exception, call: Call) -> ProviderError:
    """What a call's exception means: an answer by the table; without one it depends on whether the call had left."""
    if isinstance(error, TwilioException) and call.response is not None:
        return _answered(call.response)
    if not call.begun:
        return Transient(f"Twilio can't be reached ({type(error).__name__}).", provider_code="connect")
    if call.response is not None or isinstance(error, _UNREADABLE):
        return Ambiguous("Twilio's answer can't be read; the message may have been taken.", provider_code="answer")
    return Ambiguous(
        f"Twilio didn't answer ({type(error).__name__}); the message may have been taken.", provider_code="no_answer"
    )


def _answered(response: Response) -> ProviderError:
    told = Version.exception("", "", response, "")
    code = told.code if isinstance(told.code, int) else None
    header = response.headers.get("Retry-After")
    wait_s = retry_after_s(header, codes.SOON_S) if header else None
    words = str(getattr(told, "msg", "") or getattr(told, "title", "")).removeprefix(": ")
    return codes.outcome(response.status_code, code, words, wait_s)
