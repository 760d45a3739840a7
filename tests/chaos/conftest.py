"""Given for the chaos tests: a running platform whose limits and rates don't stand in the way, and a crowd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.load import make_crowd
from tests.running import Platform

NO_LIMITS = {
    "LIMIT_IN_APP": "1000000/3600",
    "LIMIT_PUSH": "1000000/3600",
    "LIMIT_EMAIL": "1000000/3600",
    "LIMIT_SMS": "1000000/3600",
    "SMS_PER_PREFIX": "0/3600",
    "SMS_PER_USER": "0/3600",
    "RATE_APNS": "0",
    "RATE_FCM": "0",
    "RATE_SES": "0",
    "RATE_TWILIO": "0",
    "SANDBOX_OUTBOX_ROWS": "1000000",
}
CROWD = 100


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    running = Platform(NO_LIMITS).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def crowd(platform: Platform) -> list[str]:
    return make_crowd(platform, CROWD)
