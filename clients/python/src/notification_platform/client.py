"""The clients: `Client` blocks, `AsyncClient` is awaited. Both have the operations of this page and no others."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from notification_platform.batch import AsyncBatch, Batch
from notification_platform.calls import broadcasts, inbox, notifications, platform, users
from notification_platform.driving import AwaitedDriver, BlockingDriver, OtherWay
from notification_platform.errors import NotConfigured
from notification_platform.operations import Awaited, Blocking, Group, Operation, Streaming
from notification_platform.retrying import Retries
from notification_platform.settings import GRPC_TLS_VARIABLE, GRPC_VARIABLE, TIMEOUT_S, connection

M_co = TypeVar("M_co", covariant=True)
DEFAULT_RETRIES = Retries()


class Users(Group[M_co]):
    """Who can be reached where, and what they want to hear of."""

    get = Operation(users.get)
    put = Operation(users.put)
    make_token = Operation(users.make_token)
    devices = Operation(users.devices)
    put_device = Operation(users.put_device)
    delete_device = Operation(users.delete_device)
    preferences = Operation(users.preferences)
    prefer = Operation(users.prefer)


class Inbox(Group[M_co]):
    """A user's inbox."""

    page = Operation(inbox.page)
    entries = Streaming(inbox.entries)
    news = Operation(inbox.news)
    live = Streaming(inbox.live)
    change = Operation(inbox.change)
    read_all = Operation(inbox.read_all)


class Broadcasts(Group[M_co]):
    """One event for everybody in a segment."""

    start = Operation(broadcasts.start)
    get = Operation(broadcasts.get)
    pause = Operation(broadcasts.pause)
    resume = Operation(broadcasts.resume)
    cancel = Operation(broadcasts.cancel)
    recall = Operation(broadcasts.recall)
    set_rate = Operation(broadcasts.set_rate)
    progress = Streaming(broadcasts.progress)


class _Operations(Group[M_co]):
    send = Operation(notifications.send)
    send_many = Operation(notifications.send_many)
    status = Operation(notifications.status)
    wait = Operation(notifications.wait)
    watch = Streaming(notifications.watch)
    cancel = Operation(notifications.cancel)
    explain = Operation(notifications.explain)
    explain_past = Operation(notifications.explain_past)
    whoami = Operation(platform.whoami)
    types = Operation(platform.types)
    dead_letters = Streaming(platform.dead_letters)
    dead_letter_groups = Operation(platform.dead_letter_groups)

    def __init__(self, driver: Any) -> None:
        super().__init__(driver)
        self.users: Users[M_co] = Users(driver)
        self.inbox: Inbox[M_co] = Inbox(driver)
        self.broadcasts: Broadcasts[M_co] = Broadcasts(driver)


class Client(_Operations[Blocking]):
    """The platform over REST; may be used by many threads. Ends its connections on `close()`, or use it in `with`.

    `api` and `token` are the environment's NOTIFY_API and NOTIFY_TOKEN unless given; `timeout_s` bounds one answer,
    `retries` says how often and how long is tried. `http` is an httpx.Client of your own (proxies, certificates).
    `grpc`: "host:port" of the gRPC server, for sending and asking over it (the extra `grpc`), NOTIFY_GRPC unless given.
    `grpc_tls`: the PEM file of its CA, "system" for the machine's, or gRPC's own credentials, NOTIFY_GRPC_TLS unless
    given; without it clear text.
    """

    def __init__(
        self,
        api: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: Retries = DEFAULT_RETRIES,
        http: httpx.Client | None = None,
        grpc: str | OtherWay | None = None,
        grpc_tls: Any = None,
    ) -> None:
        its = connection(api, token, timeout_s)
        self._http, self._own_http = http or httpx.Client(), http is None
        self._other = _other_way(grpc, its.token, grpc_tls, blocking=True)
        self._blocking = BlockingDriver(its, self._http, retries, other=self._other)
        super().__init__(self._blocking)

    def batch(self, **options: Any) -> Batch:
        """A batch that fills itself (`notification_platform.batch`)."""
        return Batch(self._blocking, **options)

    def close(self) -> None:
        """Ends the connections."""
        if self._own_http:
            self._http.close()
        if self._other is not None:
            self._other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Operations[Awaited]):
    """The same, awaited; for one event loop. `http` is an httpx.AsyncClient."""

    def __init__(
        self,
        api: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: Retries = DEFAULT_RETRIES,
        http: httpx.AsyncClient | None = None,
        grpc: str | OtherWay | None = None,
        grpc_tls: Any = None,
    ) -> None:
        its = connection(api, token, timeout_s)
        self._http, self._own_http = http or httpx.AsyncClient(), http is None
        self._other = _other_way(grpc, its.token, grpc_tls, blocking=False)
        self._awaited = AwaitedDriver(its, self._http, retries, other=self._other)
        super().__init__(self._awaited)

    def batch(self, **options: Any) -> AsyncBatch:
        """A batch that fills itself (`notification_platform.batch`)."""
        return AsyncBatch(self._awaited, **options)

    async def close(self) -> None:
        """Ends the connections."""
        if self._own_http:
            await self._http.aclose()
        if self._other is not None:
            await self._other.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _other_way(grpc: str | OtherWay | None, token: str, tls: Any, *, blocking: bool) -> Any:
    """gRPC, where its address is given or NOTIFY_GRPC names it. Raises NotConfigured without the extra `grpc`, or for a
    CA that can't be read."""
    grpc = grpc or os.environ.get(GRPC_VARIABLE)
    if not isinstance(grpc, str):
        return grpc
    try:
        from notification_platform.over_grpc.way import AwaitedWay, BlockingWay
    except ImportError as error:
        raise NotConfigured("gRPC needs more: pip install 'notification-platform-client[grpc]'") from error
    tls = tls or os.environ.get(GRPC_TLS_VARIABLE) or None
    return BlockingWay(grpc, token, tls) if blocking else AwaitedWay(grpc, token, tls)
