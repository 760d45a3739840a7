"""What machines and operators ask: metrics, readiness, one screen."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from delivery import figures as figures_module
from delivery import tracking
from foundation.errors import LogUnavailable
from notifications import credentials
from notifications.due import table
from notifications.log import get_log
from notifications.topology import RAW
from tests.delivery.on_log import accepted, empty_log  # noqa: F401  a fixture among them
from tests.delivery.reports_of import NOW, decision, outcome, verdict
from tests.delivery.test_audit import due

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "store"]),
    pytest.mark.usefixtures("redis", "empty_log"),
]


@pytest.fixture
def _busy(empty_log, redis) -> None:  # noqa: F811  the fixtures themselves
    id = accepted()
    told = [
        decision(id, verdict("push"), verdict("sms", "drop", reason="opted_out")),
        outcome(id, "push", provider="fcm"),
    ]
    tracking.track([(report, False) for report in told], polled_at=NOW)
    tracking.track([(report, True) for report in told], polled_at=NOW)
    table.put([due(id)])


@pytest.mark.usefixtures("_busy")
def test_metrics_say_lag_what_waits_and_what_came_of_it(client: Client):
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'np_log_records_total{topic="notifications.raw"} 1.0' in lines
    assert 'np_log_lag{group="router",topic="notifications.raw"} 1.0' in lines
    assert 'np_due_rows{kind="retry"} 1.0' in lines
    assert 'np_reports_total{channel="push",reason="",status="sent"} 1.0' in lines
    assert 'np_reports_total{channel="sms",reason="opted_out",status="dropped"} 1.0' in lines
    assert 'np_breaker{account="fcm",state="closed"} 1.0' in lines
    assert 'np_up{part="log"} 1.0' in lines


def test_metrics_are_for_this_machine_or_for_operators(client: Client):
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 401
    assert client.get("/metrics", HTTP_X_FORWARDED_FOR="10.0.0.7").status_code == 401
    secret, _ = credentials.create_token(name="orders", scopes=["notifications:send"])
    refused = client.get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    secret, _ = credentials.create_token(name="prometheus", scopes=["operate"])
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 200


def test_it_is_ready_while_it_can_accept(client: Client, monkeypatch):
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")

    def away(topic: str) -> dict[int, int]:
        raise LogUnavailable("the disk is gone")

    monkeypatch.setattr(get_log(), "end_offsets", away)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["log"] == "the disk is gone"
    assert 'np_up{part="log"} 0.0' in client.get("/metrics").content.decode().splitlines()


@pytest.mark.usefixtures("_busy")
def test_one_screen_for_operators():
    out = StringIO()
    call_command("status", stdout=out)
    screen = out.getvalue()
    assert RAW in screen
    assert "opted_out" in screen
    out = StringIO()
    call_command("status", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert next(lag for lag in told["lags"] if lag["topic"] == RAW)["behind"] == 1
    assert {"channel": "push", "status": "sent", "reason": "", "count": 1} in told["outcomes"]
    assert figures_module.gather().away == {}
