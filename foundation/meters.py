"""What each process counts of its own work, for Prometheus: every metric of every stage, in one place.

A batch costs a few increments. Figures that all processes share (lag, rows, queues) are in `delivery.metrics` instead.
`docs/metrics.md` lists both; a test holds it to what is served.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from foundation.process import pulse

disable_created_metrics()

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


class Described(NamedTuple):
    """A metric for the docs."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


described: list[Described] = []
RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def counter(name: str, text: str, *labels: str) -> Counter:
    """Something this process counts; `name` ends in _total."""
    described.append(Described(name, "counter", labels, text))
    return Counter(name, text, labels, registry=REGISTRY)


def seconds(name: str, text: str, *labels: str) -> Histogram:
    """How long something takes in this process."""
    return histogram(name, text, SECONDS, *labels)


def histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
    """How large something is in this process."""
    described.append(Described(name, "histogram", labels, text))
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


def gauge(name: str, text: str, *labels: str) -> Gauge:
    """A figure of this process; its owner sets it, or a function that is asked at each scrape."""
    described.append(Described(name, "gauge", labels, text))
    return Gauge(name, text, labels, registry=REGISTRY)


PULSE = gauge("np_process_pulse_seconds", "Since the process's loop turned last")
PULSE.set_function(pulse.age_s)

WEB = seconds("np_web_request_seconds", "Requests web answered, by method and class of status", "method", "status")
GRPC = seconds("np_grpc_call_seconds", "Calls gRPC answered, by method and status code", "method", "code")

PRODUCE = seconds("np_log_produce_seconds", "From handing records to the log until they are durable")
PRODUCED = counter("np_log_produced_records_total", "Records this process made durable")
PRODUCE_FAILED = counter("np_log_produce_failures_total", "Calls that the log did not take")

STORE = seconds("np_store_write_seconds", "Writes to the notification store, by call", "call")
STORED = counter("np_store_written_rows_total", "Rows handed to the notification store, by call", "call")
STORE_FAILED = counter("np_store_write_failures_total", "Writes the notification store did not take", "call")

BATCH = histogram("np_bridge_batch_records", "Records in a batch, by topic", RECORDS, "topic")
SETTLE = seconds("np_bridge_settle_seconds", "From a poll until its batch is settled, by topic", "topic")
WORDS = counter("np_bridge_words_total", "What became of batches: settled, later, failed, overdue", "topic", "word")
FLIGHTS = gauge("np_bridge_in_flight_batches", "Batches under way, by topic", "topic")
OLDEST = gauge("np_bridge_oldest_seconds", "Age of the oldest record under way, by topic", "topic")

STAGE = seconds("np_stage_seconds", "What a stage takes for a batch", "stage")
STAGE_ENDS = counter("np_stage_ends_total", "How stages ended: done, later, failed, deadline", "stage", "end")

PROVIDER = seconds("np_provider_seconds", "Calls of a provider's account, a burst each", "account")
SENDS = counter("np_provider_sends_total", "Sends by account and what came of them", "account", "result")

FATES = counter("np_retries_total", "Failed deliveries: retry, fallback, park, drop", "priority", "fate")
SPOOL_ROWS = gauge("np_spool_rows", "Lines that this process's spools hold")
SPOOL_OLDEST = gauge("np_spool_oldest_seconds", "Age of the oldest line in this process's spools")
SPOOL_DIRECT = counter("np_spool_direct_total", "Spooled events that were sent the direct way, without the log")
SPOOLED = counter("np_spool_lines_total", "Lines this process wrote to its spool", "topic")
LOG_AWAY = gauge("np_log_away", "1 for an intake topic that this process finds the log doesn't take", "topic")
QUARANTINED = counter("np_quarantined_records_total", "Records this process put into the quarantine", "topic")


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observes what the block takes, also when it raises."""
    began = time.perf_counter()
    try:
        yield
    finally:
        histogram.observe(time.perf_counter() - began)


def exposition() -> bytes:
    """This process's metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
