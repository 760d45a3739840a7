"""The one table of retries (contract §5): what happens to a send that failed. Pure; times in milliseconds.

    priority   on failure                                           after the last
    critical   5, 15, 30, 60, 120, 300 s, then every 300 s          parked, operators alerted
    high       10 s, 30 s, 2 min, 10 min, 30 min                    the fallback channel, parked
    normal     1 min, 15 min, 1 h                                   parked
    low        none                                                 parked

What a provider refused for good goes no further at once; what was never begun costs no attempt.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b

import msgspec

SCHEDULE_S: dict[str, tuple[int, ...]] = {
    "critical": (5, 15, 30, 60, 120, 300),
    "high": (10, 30, 120, 600, 1800),
    "normal": (60, 900, 3600),
    "low": (),
}
ENDLESS = frozenset({"critical"})  # the last delay goes on until expiry
FALLS_BACK = frozenset({"high"})
FALLBACK_ORDER = ("in_app", "push", "email")  # never SMS
ALERT_AT = 10

JITTER_SHARE = 0.2
JITTER_CAP_MS = 10_000
UNCOUNTED_DELAY_MS = 1_000
UNNAMED_WAIT_MS = 10_000  # a provider that asks to wait and doesn't say how long (APNs, for a single device)
MISCONFIGURED_DELAY_MS = 20_000  # as long as a breaker is open at the longest: then it is tried again anyway
HORIZON_MS = 6 * 24 * 3_600_000  # the log keeps 7 days: nothing may wait longer than it remembers

NOT_BEGUN, BREAKER_OPEN, TEMPLATE = "not_begun", "breaker_open", "template"
NEVER_BEGUN = frozenset({NOT_BEGUN, BREAKER_OPEN})
DOUBTFUL = frozenset({"in_doubt", "ambiguous"})
# What parks at once, and under which reason.
PERMANENT = {
    "permanent_message": "permanent",
    "permanent_address": "invalid_address",
    TEMPLATE: "template_error",
}
EXHAUSTED, IN_DOUBT, EXPIRED, FELL_BACK = "exhausted", "in_doubt", "expired", "fell_back_to"


class Retry(msgspec.Struct, frozen=True):
    """Again at `due`. `counted` is False where it costs no attempt; `alert` tells the operators."""

    due: int
    counted: bool = True
    alert: bool = False


class Fallback(msgspec.Struct, frozen=True):
    """This channel is over because of `reason`: the next one (`fallback_channel`) takes on, this one is parked."""

    reason: str


class Park(msgspec.Struct, frozen=True):
    """A dead letter, kept until an operator replays or drops it."""

    reason: str
    alert: bool = False


class Drop(msgspec.Struct, frozen=True):
    """Nothing left to do, under one of contract §4's reasons."""

    reason: str


Step = Retry | Fallback | Park | Drop


def next_step(
    priority: str,
    attempt: int,
    *,
    error: str,
    now: int,
    began_at: int,
    expires_at: int | None,
    send: str,
    resend_in_doubt: Collection[str],
    retry_after_ms: int = 0,
    counts: bool = True,
) -> Step:
    """What follows on the failure of a send's `attempt` (from 1, only those that counted).

    `error` is a `FailedSend.error`; `began_at` when the delivery was decided; `retry_after_ms` a floor; `send` the id
    that jitter is derived from, so that the same failure always gets the same time; `resend_in_doubt` the priorities
    whose doubtful sends go out again.
    """
    if expires_at is not None and now >= expires_at:
        return _expired(priority)
    if error in PERMANENT:
        return _over(priority, PERMANENT[error])
    if error in DOUBTFUL and priority not in resend_in_doubt:
        return Park(IN_DOUBT, alert=priority in ENDLESS)
    if now - began_at >= HORIZON_MS:
        return _over(priority, EXHAUSTED)
    delay = _delay_ms(priority, attempt, error, counts)
    if error == "rate_limited" and not retry_after_ms:
        delay = UNNAMED_WAIT_MS
    if delay is None:
        return _over(priority, EXHAUSTED)
    due = now + max(delay, retry_after_ms)
    due += _jitter_ms(send, attempt, due - now)
    if expires_at is not None and due >= expires_at:
        return _expired(priority)
    alert = error == "misconfigured" or (counts and priority in ENDLESS and attempt == ALERT_AT)
    return Retry(due, counted=counts and error != "misconfigured", alert=alert)


def fallback_channel(channel: str, used: Collection[str]) -> str | None:
    """The channel after `channel` that isn't among `used` (those the notification goes to anyway); None without one."""
    if channel not in FALLBACK_ORDER:
        return None
    later = FALLBACK_ORDER[FALLBACK_ORDER.index(channel) + 1 :]
    return next((candidate for candidate in later if candidate not in used), None)


def _delay_ms(priority: str, attempt: int, error: str, counts: bool) -> int | None:
    if error == "misconfigured":
        return MISCONFIGURED_DELAY_MS
    if not counts:
        return UNCOUNTED_DELAY_MS
    schedule = SCHEDULE_S[priority]
    if attempt <= len(schedule):
        return schedule[attempt - 1] * 1_000
    return schedule[-1] * 1_000 if priority in ENDLESS else None


def _over(priority: str, reason: str) -> Step:
    if priority in FALLS_BACK and reason != "template_error":
        return Fallback(reason)
    return Park(reason, alert=priority in ENDLESS)


def _expired(priority: str) -> Step:
    return Park(EXPIRED, alert=True) if priority in ENDLESS else Drop(EXPIRED)


def _jitter_ms(send: str, attempt: int, delay_ms: int) -> int:
    drawn = int.from_bytes(blake2b(f"{send}:{attempt}".encode(), digest_size=4).digest(), "big") / 2**32
    return int(drawn * min(delay_ms * JITTER_SHARE, JITTER_CAP_MS))
