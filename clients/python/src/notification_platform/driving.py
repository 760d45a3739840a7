"""The two hands of the package: they carry steps out over HTTP, one blocking, one with asyncio. They decide nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

import httpx
from tenacity import AsyncRetrying, Retrying

from notification_platform.errors import BadAnswer, PlatformError, Refused, Unreachable
from notification_platform.reading import Body, read
from notification_platform.retrying import Retries, policy
from notification_platform.settings import Connection, encoded
from notification_platform.steps import Call, Flow, Given, Pause, Stream

T = TypeVar("T")


class OtherWay(Protocol):
    """Another way for some calls (gRPC); `takes` says which."""

    def takes(self, call: Call[Any]) -> bool: ...
    def ask(self, call: Call[Any], timeout_s: float) -> Any: ...


class BlockingDriver:
    """Carries steps out in the caller's thread; may be used by many threads."""

    def __init__(
        self,
        connection: Connection,
        http: httpx.Client,
        retries: Retries,
        *,
        other: OtherWay | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection, self._http, self._retries, self._other = connection, http, retries, other
        self._sleep = sleep

    def run(self, flow: Flow[T]) -> T:
        """The flow's result."""
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            answer = self._do(step)

    def iterate(self, stream: Stream[T]) -> Iterator[T]:
        """The stream's items, each as it comes."""
        answer: Any = None
        while True:
            try:
                step = stream.send(answer)
            except StopIteration:
                return
            if isinstance(step, Given):
                yield step.item
                answer = None
            else:
                answer = self._do(step)

    def _do(self, step: Any) -> Any:
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        ask = self._other.ask if self._other and self._other.takes(step) else None
        retrying = Retrying(sleep=self._sleep, **policy(self._retries, step))
        try:
            if ask:
                return retrying(ask, step, self._connection.timeout_s)
            return retrying(self._ask, step)
        except PlatformError as error:
            raise _signed(error, step) from error.__cause__

    def _ask(self, call: Call[Any]) -> Any:
        timeout = self._connection.timeout_s + call.wait_s
        body = Body(time.monotonic() + timeout)
        try:
            with self._http.stream(**_request(self._connection, call, timeout)) as answer:
                for chunk in answer.iter_bytes():
                    body.feed(chunk, time.monotonic())
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return read(answer.status_code, answer.headers, bytes(body.raw), call.answer)


class AwaitedDriver:
    """Carries steps out on the running loop."""

    def __init__(
        self,
        connection: Connection,
        http: httpx.AsyncClient,
        retries: Retries,
        *,
        other: OtherWay | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connection, self._http, self._retries, self._other = connection, http, retries, other
        self._sleep = sleep

    async def run(self, flow: Flow[T]) -> T:
        """The flow's result."""
        answer: Any = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value
            answer = await self._do(step)

    async def iterate(self, stream: Stream[T]) -> AsyncIterator[T]:
        """The stream's items, each as it comes."""
        answer: Any = None
        while True:
            try:
                step = stream.send(answer)
            except StopIteration:
                return
            if isinstance(step, Given):
                yield step.item
                answer = None
            else:
                answer = await self._do(step)

    async def _do(self, step: Any) -> Any:
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        ask = self._other.ask if self._other and self._other.takes(step) else None
        retrying = AsyncRetrying(sleep=self._sleep, **policy(self._retries, step))
        try:
            if ask:
                return await retrying(ask, step, self._connection.timeout_s)
            return await retrying(self._ask, step)
        except PlatformError as error:
            raise _signed(error, step) from error.__cause__

    async def _ask(self, call: Call[Any]) -> Any:
        timeout = self._connection.timeout_s + call.wait_s
        body = Body(time.monotonic() + timeout)
        try:
            async with (
                asyncio.timeout(timeout),
                self._http.stream(**_request(self._connection, call, timeout)) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    body.feed(chunk, time.monotonic())
        except TimeoutError as error:
            raise Unreachable("The answer came too slowly.") from error
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return read(answer.status_code, answer.headers, bytes(body.raw), call.answer)


def _request(connection: Connection, call: Call[Any], timeout: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": connection.url(call),
        "params": dict(call.query) or None,
        "content": encoded(call.body),
        "headers": connection.headers(call),
        "timeout": timeout,
    }


def _unreachable(error: httpx.HTTPError) -> Unreachable:
    where = f" {error.request.url.copy_with(query=None)}" if error._request else ""
    return Unreachable(f"No answer from{where or ' the server'}: {error or type(error).__name__}")


def _signed(error: PlatformError, call: Call[Any]) -> PlatformError:
    """With the key that makes repeating it safe."""
    if isinstance(error, Refused | Unreachable | BadAnswer):
        error.idempotency_key = call.key
    return error
