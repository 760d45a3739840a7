"""Alerts: raised once, posted to a webhook that is safe to post to, again until it took them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from delivery import alerts
from delivery.alerts import AlertNote
from delivery.models import Alert

pytestmark = pytest.mark.django_db


class Webhook(HTTPServer):
    """A webhook on loopback that keeps what it got; answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def webhook(settings, monkeypatch) -> Iterator[Webhook]:
    monkeypatch.setattr(alerts, "_rest_until", 0.0)
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.ALERT_WEBHOOK = f"http://127.0.0.1:{server.server_port}/hook"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def note(identity="a-1", text="ses refuses us") -> AlertNote:
    return AlertNote(identity=identity, kind="misconfigured", text=text, detail={"provider": "ses"})


def test_the_same_alert_is_raised_and_posted_once(webhook):
    alerts.raise_alerts([note(), note()])
    alerts.raise_alerts([note()])
    assert alerts.post_pending() == 1
    assert alerts.post_pending() == 0
    (body,) = webhook.got
    assert (body["text"], body["alerts"][0]["provider"]) == ("ses refuses us", "ses")


def test_what_the_webhook_refused_is_posted_again_after_a_rest(webhook, monkeypatch):
    webhook.status = 500
    alerts.raise_alerts([note()])
    assert alerts.post_pending() == 0
    webhook.status = 200
    assert alerts.post_pending() == 0  # it rests
    monkeypatch.setattr(alerts, "_rest_until", 0.0)
    assert alerts.post_pending() == 1
    assert Alert.objects.get().posted_at is not None


def test_without_a_webhook_the_row_is_all(settings):
    settings.ALERT_WEBHOOK = ""
    alerts.raise_alerts([note()])
    assert alerts.post_pending() == 0
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example.com/x", True),
        ("http://localhost:9/x", True),
        ("http://127.0.0.1/x", True),
        ("http://[::1]/x", True),
        ("http://hooks.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("ftp://localhost/x", False),
        ("https:///x", False),
    ],
)
def test_only_https_or_this_machine_is_posted_to(url, allowed):
    assert alerts.is_allowed(url) is allowed


def test_an_address_that_is_not_allowed_is_not_posted_to(settings, monkeypatch):
    monkeypatch.setattr(alerts, "_rest_until", 0.0)
    settings.ALERT_WEBHOOK = "http://hooks.example.com/x"
    alerts.raise_alerts([note()])
    assert alerts.post_pending() == 0
    assert Alert.objects.get().posted_at is None
