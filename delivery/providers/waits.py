"""What a provider that asks to wait is owed: its wait is read, and nothing more of the batch goes to it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from delivery.providers.bursts import Flight
from delivery.providers.port import Taken
from foundation.errors import ProviderError, ProviderRateLimited

SHORTEST_S = 1.0

Default = TypeVar("Default", float, None)


class HeedingWaits:
    """One batch's `send`: after the first ProviderRateLimited what hasn't begun gets the same, without a call."""

    def __init__(self, send: Callable[[Flight], Awaitable[Taken]]) -> None:
        self._send = send
        self._wait: ProviderRateLimited | None = None

    async def __call__(self, flight: Flight) -> Taken:
        """What `send` returns. Raises ProviderError."""
        if self._wait is not None:
            raise self._wait.with_traceback(None)  # else it grows with every send
        try:
            return await self._send(flight)
        except ProviderRateLimited as error:
            self._wait = error
            raise


class WaitsByHost:
    """Where an account has many services: one that asks to wait is left alone for as long, from batch to batch.

    Used on the loop alone.
    """

    def __init__(self) -> None:
        self._asked: dict[str, tuple[float, ProviderRateLimited]] = {}

    def check(self, host: str) -> None:
        """Raises the ProviderRateLimited that `host` has given, with what is left of its wait."""
        until, error = self._asked.get(host, (0.0, None))
        left = until - time.monotonic()
        if error is not None and left > 0:
            code = error.provider_code
            raise ProviderRateLimited(error.detail, provider_code=code, retry_after=left, of_part=error.of_part)

    def heed(self, host: str, error: ProviderError) -> ProviderError:
        """`error` as it is; its wait is kept where it is a ProviderRateLimited."""
        if isinstance(error, ProviderRateLimited):
            now = time.monotonic()
            self._asked = {host: asked for host, asked in self._asked.items() if asked[0] > now}
            self._asked[host] = (now + max(SHORTEST_S, error.retry_after or 0), error)
        return error


def retry_after_s(header: str | None, default: Default) -> float | Default:
    """The seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); `default` without a good one."""
    text = (header or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return default
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
