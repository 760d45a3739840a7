"""Given for the runbook's tests: a running platform, every process observable, and a crowd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.conftest import NO_LIMITS
from tests.chaos.load import make_crowd
from tests.running import Platform, free_port

CROWD = 40


@pytest.fixture(scope="package")
def platform() -> Iterator[Platform]:
    running = Platform({**NO_LIMITS, "METRICS_PORT": str(free_port())}).start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def crowd(platform: Platform) -> list[str]:
    return make_crowd(platform, CROWD)
