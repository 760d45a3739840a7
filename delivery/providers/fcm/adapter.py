"""Push through FCM's HTTP v1, by firebase-admin (docs/decisions/0015-what-the-adapters-stand-on.md)."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from firebase_admin.exceptions import FirebaseError, UnauthenticatedError

from delivery.providers import bursts, loop
from delivery.providers.accounts import Account
from delivery.providers.bursts import Flight
from delivery.providers.fcm.failures import error_of, of_connection
from delivery.providers.fcm.message import message_of
from delivery.providers.fcm.options import Options, service_account
from delivery.providers.fcm.service import CONNECT_S, Service, flight_under_way
from delivery.providers.fcm.tokens import Tokens
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from foundation.clock import now_ms

CLOSE_S = 1.0


class FCMAdapter:
    """An account at FCM: one project. Many streams on one connection a process."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options or a service account that can't be used."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._tokens = Tokens(service_account(account), account=account.name, ca_file=self._options.ca_file)
        self._service = loop.run(_service(self._options, self._tokens, account.name), CONNECT_S)

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is FCM's message name.

        Raises Misconfigured or Transient, nothing sent, where no access token can be had.
        """
        self._tokens.renew()
        return bursts.send_all(orders, self._send, streams=self._options.streams)

    def check(self) -> str:
        """Gets an access token and connects; sends nothing. Raises Transient or Misconfigured with a sentence."""
        self._tokens.renew()
        loop.run(self._reach(), 2 * CONNECT_S + loop.MARGIN_S)
        return f"{self.name}: Google gave an access token, and {self._options.url} can be reached."

    def close(self) -> None:
        """Ends the connections; what is on them is in doubt."""
        self._tokens.close()
        loop.run(self._service.close(), CLOSE_S)
        self._service.forget()

    async def _send(self, flight: Flight) -> Taken:
        message = message_of(flight.order, now=now_ms(), android_channel=self._options.android_channel)
        flight_under_way.set(flight)
        try:
            response = await self._service.send(message)
        except FirebaseError as error:
            raise error_of(error, begun=flight.begun) from error
        if response.exception is None:
            return Taken(provider_id=str(response.message_id or ""), at=now_ms(), started_at=flight.started_at)
        if isinstance(response.exception, UnauthenticatedError):
            self._tokens.forget()
        raise error_of(response.exception, begun=flight.begun) from response.exception

    async def _reach(self) -> None:
        try:
            await self._service.reach(self._options.url)
        except httpx.HTTPError as error:
            raise of_connection(error, begun=False) from error


async def _service(options: Options, tokens: Tokens, account: str) -> Service:
    return Service(options, tokens, account)
