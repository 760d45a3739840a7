"""Quiet hours: when a user doesn't want to be woken, in the user's own time zone (contract §4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from preferences.facts import QuietHours

DAY_MS = 86_400_000


def quiet_until(quiet: QuietHours, zone: str, now: int) -> int | None:
    """The end (ms) of the quiet period that `now` (ms) lies in, None outside any.

    A period holds its first millisecond and not its last, so at the returned time it is over. It starts on the
    weekdays of `quiet.days` and may run over midnight. Equal `start` and `end` mean no quiet hours. A zone nobody
    knows any more counts as UTC.
    """
    for start, end in _periods(quiet, zone, now // DAY_MS):
        if start <= now < end:
            # A change of the clock can make a period of almost a day run into the next one.
            return quiet_until(quiet, zone, end) or end
    return None


@lru_cache(maxsize=8192)
def _periods(quiet: QuietHours, zone: str, utc_day: int) -> tuple[tuple[int, int], ...]:
    """Every period that can hold an instant of this UTC day: local dates differ from it by at most one."""
    if quiet.start == quiet.end:
        return ()
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    days = (date(1970, 1, 1) + timedelta(days=utc_day + offset) for offset in (-2, -1, 0, 1))
    tz = _zone(zone)
    return tuple(
        (_instant(day, start, tz), _end(day if start < end else day + timedelta(days=1), end, tz))
        for day in days
        if day.isoweekday() in quiet.days
    )


def _instant(day: date, at: time, tz: ZoneInfo, fold: int = 0) -> int:
    return round(datetime.combine(day, at).replace(tzinfo=tz, fold=fold).astimezone(UTC).timestamp() * 1000)


def _end(day: date, at: time, tz: ZoneInfo) -> int:
    """A local time that comes twice (clocks set back) ends the period the second time: nobody is woken early."""
    return max(_instant(day, at, tz, fold) for fold in (0, 1))


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
