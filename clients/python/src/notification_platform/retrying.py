"""When a call is repeated, and after how long: tenacity's policy, the same for both clients.

Repeated is what may succeed a little later: 429 and 503 (their Retry-After is a floor), a key still in flight, and
answers that never came whole. All calls may be repeated: the ones that send carry an idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from tenacity import RetryCallState, retry_if_exception, retry_if_result, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from notification_platform.errors import Refused, is_temporary
from notification_platform.steps import Call


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """At most `attempts` in all, none begun later than `within_s` after the first; waits grow from `first_s` to
    `longest_s`, drawn at random so that many clients don't come back together. `attempts=1`: no repeats."""

    attempts: int = 6
    within_s: float = 60.0
    first_s: float = 0.2
    longest_s: float = 10.0


def policy(retries: Retries, call: Call[Any]) -> dict[str, Any]:
    """tenacity's arguments for one call. What was last met is raised, or returned where it is an answer."""
    drawn = wait_random_exponential(multiplier=retries.first_s, max=retries.longest_s)

    def wait(state: RetryCallState) -> float:
        return max(float(drawn(state)), _floor(state, call))

    again = retry_if_exception(is_temporary)
    return {
        "retry": again | retry_if_result(_unfinished(call)) if call.unfinished else again,
        "wait": wait,
        "stop": stop_after_attempt(retries.attempts) | stop_before_delay(retries.within_s),
        "retry_error_callback": _last,
    }


def _floor(state: RetryCallState, call: Call[Any]) -> float:
    """What the server asked to wait (seconds)."""
    assert state.outcome is not None
    error = state.outcome.exception()
    if error is None:
        return (call.unfinished(state.outcome.result()) or 0.0) if call.unfinished else 0.0
    return (error.retry_after or 0.0) if isinstance(error, Refused) else 0.0


def _unfinished(call: Call[Any]) -> Callable[[Any], bool]:
    return lambda answer: call.unfinished is not None and call.unfinished(answer) is not None


def _last(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()
