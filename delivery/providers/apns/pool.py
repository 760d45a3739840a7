"""The connection of an account: made when first needed, by one for all who wait, kept until it ends."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Any

from aioapns.connection import APNsBaseClientProtocol, APNsKeyConnectionPool, JWTAuthorizationHeaderProvider
from aioapns.exceptions import ConnectionError as NotConnected

from delivery.providers.apns.connection import Connection
from delivery.providers.apns.options import Options
from delivery.providers.trust import trust_of
from foundation.errors import Misconfigured, Transient

CONNECT_S = 2.0


class Pool(APNsKeyConnectionPool):
    """aioapns' pool of one connection, with one provider token for the life of the account; made on the loop."""

    def __init__(self, options: Options, key: str, account: str) -> None:
        super().__init__(
            key=key,
            key_id=options.key_id,
            team_id=options.team_id,
            topic=options.topic,
            max_connections=1,
            ssl_context=_tls(options, account),
        )
        self.account, self.server = account, f"{options.server}:{options.port}"
        self.protocol_class: Any = type(
            "AccountConnection",
            (Connection,),
            {"APNS_SERVER": options.server, "APNS_PORT": options.port, "INACTIVITY_TIME": options.idle_s},
        )
        # Apple: no more than one new token in 20 minutes. aioapns makes one for each connection.
        self.token = JWTAuthorizationHeaderProvider(key=key, key_id=options.key_id, team_id=options.team_id)
        self._connecting: asyncio.Task[Connection] | None = None

    async def connection(self) -> Connection:
        """A connection on which a send may begin. Raises Transient or Misconfigured: nothing was sent."""
        for connection in self.connections:
            if isinstance(connection, Connection) and not connection.is_over:
                return connection
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_look_at)
        return await asyncio.shield(self._connecting)

    async def create_connection(self) -> APNsBaseClientProtocol:
        return await self._create_connection(
            partial(self.protocol_class, self.apns_topic, self.loop, self.discard_connection, self.token)
        )

    def discard_connection(self, connection: APNsBaseClientProtocol) -> None:
        """Takes it out of the pool; said twice after a GOAWAY."""
        if connection in self.connections:
            super().discard_connection(connection)

    async def _connect(self) -> Connection:
        connection: APNsBaseClientProtocol | None = None
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await self.acquire()
                assert isinstance(connection, Connection)
                await connection.settled.wait()
        except TimeoutError as error:
            if connection is not None:  # somebody who says nothing: kept, all that follows would wait for its word
                self.discard_connection(connection)
                connection.close()
            raise Transient(f"{self.server} didn't answer within {CONNECT_S} s", provider_code="connect") from error
        except NotConnected as error:
            raise self._why(error.__context__) from error
        if connection.is_over:
            self.discard_connection(connection)
            raise Transient(f"{self.server} closed the connection at once", provider_code="connect")
        return connection

    def _why(self, cause: BaseException | None) -> Transient | Misconfigured:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Misconfigured(
                f"account {self.account}: {self.server} shows a certificate that isn't trusted "
                f"({cause.verify_message}). Check host and ca_file.",
                provider_code="certificate",
            )
        return Transient(f"{self.server} can't be reached: {cause}", provider_code="connect")


def _look_at(task: asyncio.Task[Connection]) -> None:
    """Whoever waited for it may be gone: a failure was still looked at."""
    if not task.cancelled():
        task.exception()


def _tls(options: Options, account: str) -> ssl.SSLContext:
    context = trust_of(account, options.ca_file)
    context.set_alpn_protocols(["h2"])
    return context
