"""Push to Apple's devices through APNs, by aioapns (docs/decisions/0015-what-the-adapters-stand-on.md)."""

from __future__ import annotations

from collections.abc import Sequence

from aioapns import NotificationRequest
from aioapns.common import APNS_RESPONSE_CODE, NotificationResult
from aioapns.exceptions import ConnectionClosed

from delivery.providers import bursts, loop
from delivery.providers.accounts import Account
from delivery.providers.apns import message
from delivery.providers.apns.codes import outcome
from delivery.providers.apns.connection import NeverTaken
from delivery.providers.apns.options import Options, signing_key
from delivery.providers.apns.pool import CONNECT_S, Pool
from delivery.providers.bursts import Flight
from delivery.providers.options import options_of
from delivery.providers.port import Order, Result, Taken
from foundation.clock import now_ms
from foundation.errors import Ambiguous, Transient

CLOSE_S = 1.0
CONNECTIONS_A_SEND = 2  # one that says GOAWAY, and the next


class APNsAdapter:
    """An account at APNs: one app of one team. Many streams on one connection a process."""

    def __init__(self, account: Account) -> None:
        """Raises Misconfigured for options or a key that can't be used."""
        self.name, self.channel, self.rate = account.name, account.channel, account.rate
        self._options = options_of(account, Options)
        self._pool = loop.run(_pool(account, self._options), CONNECT_S)

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """A result for each order, in order; `Taken.provider_id` is the apns-id, which is the send's id."""
        return bursts.send_all(orders, self._send, streams=self._options.streams)

    def check(self) -> str:
        """Connects and sends nothing. Raises Transient or Misconfigured with a sentence."""
        self._pool.token.get_header()
        loop.run(self._pool.connection(), CONNECT_S + loop.MARGIN_S)
        return f"{self.name}: connected to {self._pool.server} for {self._options.topic}; the key signs."

    def close(self) -> None:
        """Ends the connection; what is on it is in doubt."""
        loop.run(_close(self._pool), CLOSE_S)

    async def _send(self, flight: Flight) -> Taken:
        request = message.request_of(flight.order, now=now_ms())
        size = message.size(request.message)
        for _ in range(CONNECTIONS_A_SEND):
            try:
                return _taken(await self._answer(flight, request, size), flight)
            except NeverTaken:
                flight.begun = False
            except ConnectionClosed as error:
                raise Ambiguous(f"the connection ended before the answer: {error}", provider_code="closed") from error
        raise Transient("two connections in a row ended before it was taken", provider_code="closed")

    async def _answer(self, flight: Flight, request: NotificationRequest, size: int) -> NotificationResult:
        connection = await self._pool.connection()
        await connection.turn(size)
        flight.approach()
        flight.begin()
        return await connection.send_notification(request)


def _taken(answer: NotificationResult, flight: Flight) -> Taken:
    if answer.status == APNS_RESPONSE_CODE.SUCCESS:
        return Taken(provider_id=answer.notification_id, at=now_ms(), started_at=flight.started_at)
    if not answer.status.isdecimal():
        raise Ambiguous("APNs' answer can't be understood: it may have been accepted", provider_code="rubbish")
    raise outcome(
        int(answer.status),
        answer.description or "",
        timestamp_ms=answer.timestamp,
        retry_after_s=getattr(answer, "retry_after", None),
    )


async def _pool(account: Account, options: Options) -> Pool:
    return Pool(options, signing_key(account), account.name)


async def _close(pool: Pool) -> None:
    pool.close()
