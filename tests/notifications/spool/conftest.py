"""Given for the tests of accepting without a log: this process's spool, and an outage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications import spool
from notifications.spool.away import AWAY
from notifications.spool.owners import Owned, take_slot
from tests.engines import STACK
from tests.outage import Outage


@pytest.fixture
def own_spool(tmp_path: Path, settings) -> Iterator[Owned]:
    """As a process has it that drains its spool."""
    settings.SPOOL_FOLDER = tmp_path / "spool"
    owned = take_slot(settings.SPOOL_FOLDER, "node-a", max_bytes=0)
    spool.use(owned.file)
    AWAY.forget()
    yield owned
    spool.use(None)
    AWAY.forget()
    owned.release()


@pytest.fixture
def outage(empty_log: None) -> Iterator[Outage]:
    """The log, about to go away."""
    if STACK:
        pytest.skip("takes the embedded log's folder away; the brokers are killed in tests/whole/test_spool_kafka.py")
    outage = Outage()
    yield outage
    outage.end()
