"""Quiet hours as people give them: `{start, end, days}` (contract §2), checked into their stored form."""

from __future__ import annotations

import re

from foundation.errors import InvalidRequest
from preferences.facts import QuietHours

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


def check_quiet_hours(quiet: QuietHours, field: str = "quiet_hours") -> QuietHours:
    """`quiet` with its days sorted, each once. Raises InvalidRequest with field and remedy."""
    for name in ("start", "end"):
        if not _TIME.fullmatch(getattr(quiet, name)):
            raise InvalidRequest(
                "This is no time of day.", field=f"{field}.{name}", remedy="Use hours and minutes: 22:00."
            )
    if quiet.start == quiet.end:
        raise InvalidRequest(
            "These quiet hours end when they start.", field=f"{field}.end", remedy="Send null for no quiet hours."
        )
    if not quiet.days or not all(1 <= day <= 7 for day in quiet.days):
        raise InvalidRequest(
            "These are no weekdays.", field=f"{field}.days", remedy="Use ISO weekdays, 1 (Monday) to 7 (Sunday)."
        )
    return QuietHours(quiet.start, quiet.end, tuple(sorted(set(quiet.days))))
