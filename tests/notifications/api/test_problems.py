"""A server that is away is told of once, not by every request that meets it."""

from __future__ import annotations

import pytest

from foundation.errors import LogUnavailable, StoreUnavailable
from notifications.api import problems


def test_each_kind_is_told_once_a_second(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(problems, "_tell_again_at", {})
    for _ in range(50):
        assert problems.as_refused(LogUnavailable("no broker")).status == 503
        assert problems.as_refused(StoreUnavailable("no node")).status == 503
    assert [record.message for record in caplog.records] == [
        "a server of ours is away: LogUnavailable: no broker",
        "a server of ours is away: StoreUnavailable: no node",
    ]
    monkeypatch.setattr(problems, "TOLD_EACH_S", 0.0)
    monkeypatch.setattr(problems, "_tell_again_at", {})
    for _ in range(3):
        problems.as_refused(LogUnavailable("no broker"))
    assert len(caplog.records) == 5
