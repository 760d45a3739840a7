"""What a provider that asks to wait is owed: its wait is read, and nothing more of the batch goes to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from delivery.providers.bursts import Flight
from delivery.providers.port import Taken
from foundation.errors import ProviderRateLimited

Default = TypeVar("Default", float, None)


class HeedingWaits:
    """One batch's `send`: after the first ProviderRateLimited what hasn't begun gets the same, without a call."""

    def __init__(self, send: Callable[[Flight], Awaitable[Taken]]) -> None:
        self._send = send
        self._wait: ProviderRateLimited | None = None

    async def __call__(self, flight: Flight) -> Taken:
        """What `send` returns. Raises ProviderError."""
        if self._wait is not None:
            raise self._wait
        try:
            return await self._send(flight)
        except ProviderRateLimited as error:
            self._wait = error
            raise


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
