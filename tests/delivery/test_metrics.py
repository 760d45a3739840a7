"""docs/metrics.md and what is served are the same; each process has an endpoint of its own."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from delivery import metrics, metrics_page
from delivery.observing import redis_and_loop
from foundation import endpoint, meters, process
from notifications.log import get_log
from notifications.log.port import Message
from notifications.topology import RAW
from tests.delivery.on_log import empty_log  # noqa: F401  a fixture


def test_the_page_is_what_is_served():
    assert metrics_page.PAGE.read_text() == metrics_page.page(), "run `manage.py metrics_page`"


@pytest.mark.django_db(transaction=True, databases=["default", "store"])
def test_nothing_is_served_that_the_page_does_not_name(redis, empty_log):  # noqa: F811
    text = metrics.exposition().decode()
    served = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }
    named = {each.name for each in (*metrics_page.shared(), *metrics_page.own())}
    assert {name for name in served if name.startswith("np_")} == named
    assert all(each.text for each in (*metrics_page.shared(), *metrics_page.own()))


def test_appending_is_counted(empty_log):  # noqa: F811
    before = _sample("np_log_produced_records_total"), _sample("np_log_produce_seconds_count")
    get_log().produce([Message(RAW, "u1", b"{}"), Message(RAW, "u2", b"{}")])
    assert _sample("np_log_produced_records_total") == before[0] + 2
    assert _sample("np_log_produce_seconds_count") == before[1] + 1


def test_a_process_without_http_has_an_endpoint(redis, monkeypatch):
    server = endpoint.serve("127.0.0.1", 0, redis_and_loop)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
            process.pulse.beat()
            assert "np_process_pulse_seconds" in client.get("/metrics").text
            assert client.get("/health/live").status_code == 200
            ready = client.get("/health/ready")
            assert (ready.status_code, ready.json()["parts"]) == (200, {"redis": "ok", "loop": "ok"})
            monkeypatch.setattr(process.pulse, "last", process.pulse.last - 60)
            hung = client.get("/health/ready")
            assert (hung.status_code, hung.json()["parts"]["loop"]) == (503, "its loop hasn't turned for 60 s")
            assert client.get("/").status_code == 404
    finally:
        server.shutdown()
        server.server_close()


def _sample(name: str) -> float:
    return meters.REGISTRY.get_sample_value(name) or 0.0
