"""How fast each channel drains, as the delivery room tells it: that room knows the providers, this one must not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifications.topology import CHANNELS

_told: list[Callable[[str], int]] = []


def told_by(source: Callable[[str], int]) -> None:
    """From now on `source` says how many messages a second a channel's providers take (0: no limit)."""
    _told[:] = [source]


def rate(channel: str) -> int:
    """Messages a second that the channel's providers take together; 0 for no limit, and where nobody told."""
    return _told[0](channel) if _told else 0


def seconds(recipients: Mapping[str, int], throttle: int) -> float:
    """How long it takes: the longest over the channels of recipients ÷ min(throttle, the provider's rate) (§7)."""
    return max((count / _slower(throttle, rate(channel)) for channel, count in recipients.items()), default=0.0)


def _slower(throttle: int, provider: int) -> float:
    limits = [each for each in (throttle, provider) if each]
    return min(limits) if limits else float("inf")


def bulk_rates(share: float) -> dict[str, float]:
    """For each channel what the bulk lane may use of it; those without a limit are left out."""
    return {channel: found * share for channel in CHANNELS if (found := rate(channel))}
