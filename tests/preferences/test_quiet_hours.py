"""Quiet hours in the user's own zone: over midnight, by weekday, across changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.facts import QuietHours
from preferences.quiet_hours import quiet_until
from tests.preferences.factories import ms

NIGHT = QuietHours("22:00", "07:00")
LUNCH = QuietHours("12:00", "13:30")


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "until"),
    [
        (LUNCH, "UTC", "2026-01-05T11:59:59.999Z", None),
        (LUNCH, "UTC", "2026-01-05T12:00:00Z", "2026-01-05T13:30:00Z"),
        (LUNCH, "UTC", "2026-01-05T13:30:00Z", None),
        (LUNCH, "Asia/Kolkata", "2026-01-05T07:00:00Z", "2026-01-05T08:00:00Z"),
        (NIGHT, "Europe/Berlin", "2026-01-05T21:30:00Z", "2026-01-06T06:00:00Z"),
        (NIGHT, "Europe/Berlin", "2026-01-06T02:00:00Z", "2026-01-06T06:00:00Z"),
        (NIGHT, "Pacific/Kiritimati", "2026-01-05T10:00:00Z", "2026-01-05T17:00:00Z"),
        (NIGHT, "Pacific/Pago_Pago", "2026-01-05T10:00:00Z", "2026-01-05T18:00:00Z"),
    ],
)
def test_in_the_users_zone(quiet, zone, now, until):
    assert quiet_until(quiet, zone, ms(now)) == (ms(until) if until else None)


def test_a_period_belongs_to_the_day_it_starts_on():
    weekend = QuietHours("22:00", "07:00", (5, 6))

    assert quiet_until(weekend, "UTC", ms("2026-01-10T03:00:00Z")) == ms("2026-01-10T07:00:00Z")  # Saturday early
    assert quiet_until(weekend, "UTC", ms("2026-01-11T03:00:00Z")) == ms("2026-01-11T07:00:00Z")  # Sunday early
    assert quiet_until(weekend, "UTC", ms("2026-01-11T23:00:00Z")) is None  # Sunday night
    assert quiet_until(weekend, "UTC", ms("2026-01-09T03:00:00Z")) is None  # Friday early


def test_the_night_the_clocks_go_forward_is_an_hour_shorter():
    assert quiet_until(NIGHT, "Europe/Berlin", ms("2026-03-28T21:00:00Z")) == ms("2026-03-29T05:00:00Z")


def test_the_night_the_clocks_go_back_is_an_hour_longer():
    assert quiet_until(NIGHT, "Europe/Berlin", ms("2026-10-24T20:00:00Z")) == ms("2026-10-25T06:00:00Z")


def test_an_end_that_comes_twice_is_the_second_one():
    early = QuietHours("22:00", "02:30")

    assert quiet_until(early, "Europe/Berlin", ms("2026-10-25T00:45:00Z")) == ms("2026-10-25T01:30:00Z")


def test_an_end_that_does_not_exist_is_as_long_after_the_jump():
    early = QuietHours("22:00", "02:30")

    assert quiet_until(early, "Europe/Berlin", ms("2026-03-29T00:45:00Z")) == ms("2026-03-29T01:30:00Z")


def test_equal_times_are_no_quiet_hours():
    assert quiet_until(QuietHours("08:00", "08:00"), "UTC", ms("2026-01-05T08:00:00Z")) is None


def test_a_zone_nobody_knows_counts_as_utc():
    assert quiet_until(LUNCH, "Mars/Base", ms("2026-01-05T12:00:00Z")) == ms("2026-01-05T13:30:00Z")


zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Tokyo"])
times = st.times().map(lambda time: f"{time:%H:%M}")
instants = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(
    lambda stamp: round(stamp.replace(tzinfo=UTC).timestamp() * 1000)
)


@given(times, times, zones, instants)
def test_it_ends_and_stays_ended(start, end, zone, now):
    quiet = QuietHours(start, end)
    until = quiet_until(quiet, zone, now)

    if until is not None:
        assert now < until <= now + 50 * 3_600_000
        assert quiet_until(quiet, zone, until) is None


@given(times, times, zones, instants)
def test_on_days_without_a_change_it_follows_the_wall_clock(start, end, zone, now):
    tz = ZoneInfo(zone)
    offsets = {
        datetime.fromtimestamp((now + shift * 3_600_000) / 1000, tz).utcoffset() for shift in (-26, -12, 0, 12, 26)
    }
    if len(offsets) > 1:
        return
    wall = f"{datetime.fromtimestamp(now / 1000, tz):%H:%M}"
    inside = start <= wall < end if start < end else (wall >= start or wall < end) and start != end

    assert (quiet_until(QuietHours(start, end), zone, now) is not None) == inside
