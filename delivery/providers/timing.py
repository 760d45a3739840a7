"""How long a provider's call may take, and how long a provider asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.conf import settings

from delivery.providers.port import NotBegun, Order
from foundation.clock import now_ms

# What ends a call needs this much to be told before the deadline.
MARGIN_S = 0.1
# A call with less time than this would only come back in doubt.
SHORTEST_CALL_S = 0.05
TOO_LATE = NotBegun(why="the batch's deadline is too close to begin a call")


def call_s(order: Order) -> float:
    """Seconds a call for `order` may take from now: it ends before the deadline and after PROVIDER_TIMEOUT_S."""
    timeout_s: float = settings.PROVIDER_TIMEOUT_S
    return min(timeout_s, (order.deadline - now_ms()) / 1_000 - MARGIN_S)


def retry_after_s(header: str | None, default: float) -> float:
    """The seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); `default` without a good one."""
    text = (header or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return default
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
