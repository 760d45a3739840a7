"""How fast channels drain: what their providers' accounts take, as operators set them."""

from __future__ import annotations

import time

from django.conf import settings

from delivery.models import AccountSetting
from delivery.providers.registry import accounts_of, rate_of
from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable
from notifications.broadcasts import drains
from notifications.records import MAX_RECIPIENTS

KNOWN_S = 2.0
RECORD_S = 0.25
"""A provider's record holds what its rate gives in this time, so that a batch takes about what its bucket gives."""

_known: dict[str, tuple[float, int]] = {}


def rate_of_channel(channel: str) -> int:
    """Messages a second that the channel's accounts take together; 0 where one has no limit, or there is none."""
    at, rate = _known.get(channel, (0.0, 0))
    now = time.monotonic()
    if not at or now - at >= KNOWN_S:
        rate = _asked(channel)
        _known[channel] = now, rate
    return rate


def record_sizes() -> dict[str, int]:
    """How many recipients a record of a channel with a limit may hold."""
    rates = drains.bulk_rates(settings.BULK_SHARE)
    return {channel: min(MAX_RECIPIENTS, max(1, int(rate * RECORD_S))) for channel, rate in rates.items()}


def _asked(channel: str) -> int:
    accounts = accounts_of(channel)
    rates = {account: rate_of(account) for account in accounts}
    try:
        with control_plane():
            rates.update(_set_by_operators(accounts))
    except ControlPlaneUnavailable:
        pass  # their own rates, then
    return 0 if 0 in rates.values() else sum(rates.values())


def _set_by_operators(accounts: tuple[str, ...]) -> dict[str, int]:
    rows = AccountSetting.objects.filter(account__in=accounts, rate__isnull=False)
    return {account: rate or 0 for account, rate in rows.values_list("account", "rate")}
