"""Connections to the public network alone: a receiver's address must not lead into ours (server-side request forgery).

A host is resolved once, every address of it is looked at, and the connection goes to one of those: what is checked is
what is called, whatever the name resolves to a moment later.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
import httpx

# Addresses that carry an IPv4 one to a gateway of this network (RFC 6052, RFC 8215).
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# Clouds' own services where not every Python knows a private network; the others' are link-local or unique local.
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16, and Oracle's 192.0.0.192.
_CLOUDS = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))

RESOLVE_S = 2.0
RESOLVERS = 16


class PrivateAddress(Exception):
    """The host leads into a network that isn't public."""


class UnknownHost(Exception):
    """The host has no address."""


def is_public(address: str) -> bool:
    """Whether `address` can be reached by everybody: no loopback, link-local, private, shared or reserved one."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or _behind_nat64(found)
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None or found.is_site_local:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or any(found in each for each in _CLOUDS))


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(address.packed[-4:]) if any(address in network for network in _NAT64) else None


class PublicBackend(httpcore.AnyIOBackend):
    """httpcore's network: resolves, looks, connects."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses. Raises PrivateAddress, UnknownHost, httpcore.ConnectError."""
        addresses = await self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            async with asyncio.timeout(RESOLVE_S):
                found = await asyncio.get_running_loop().run_in_executor(_resolvers(), ask)
        except (socket.gaierror, UnicodeError, TimeoutError) as error:
            raise UnknownHost(host) from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise PrivateAddress(host)
        return addresses


@cache
def _resolvers() -> ThreadPoolExecutor:
    """Threads of their own: names that others have given may resolve slowly, and hold up no other provider's."""
    return ThreadPoolExecutor(RESOLVERS, thread_name_prefix="public-names")


class PublicTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over such connections, kept from call to call. It retries nothing.

    `http2`: spoken where the server offers it, many streams on one connection.
    """

    def __init__(self, *, trust: ssl.SSLContext, streams: int, allow_private: bool, http2: bool = False) -> None:
        super().__init__(verify=trust)
        self.network = PublicBackend(allow_private=allow_private)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=streams,
            keepalive_expiry=30.0,
            http2=http2,
            network_backend=self.network,
        )
