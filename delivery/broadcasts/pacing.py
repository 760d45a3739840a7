"""When a broadcast's next round may go, so that any 10 s hold its rate to ±5 % (contract §7). Pure."""

from __future__ import annotations

STEP_S = 0.1
"""A round holds what the rate gives in this time: what one comes too early or late counts for 1 % of 10 s."""
CATCH_UP_S = 0.3
"""What was missed by waiting for a server or a backlog is made up for this long at most."""
UNTHROTTLED = 32_000
"""Recipients in a round without a rate: a full record for each of the topic's partitions."""


class Pacer:
    """Of one broadcast. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._rate = 0.0

    def wait(self, rate: float, now: float) -> float:
        """Seconds until the next round may go; `rate` is in recipients/s, 0 for none. Another rate counts at once."""
        if not rate:
            return 0.0
        if self._rate and rate != self._rate and self._free_at > now:
            self._free_at = now + (self._free_at - now) * self._rate / rate
        self._rate = rate
        return max(0.0, self._free_at - now)

    def most(self, rate: float, now: float) -> int:
        """Recipients that a round may take now: more where the one before took longer than its time."""
        if not rate:
            return UNTHROTTLED
        behind = min(CATCH_UP_S, max(0.0, now - self._free_at)) if self._free_at else 0.0
        return min(UNTHROTTLED, max(1, round(rate * (STEP_S + behind))))

    def took(self, count: int, rate: float, now: float) -> None:
        """A round of `count` was begun at `now`, and is out."""
        self._rate = rate
        if rate:
            self._free_at = max(self._free_at, now - CATCH_UP_S) + count / rate
