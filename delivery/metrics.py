"""The figures as Prometheus reads them. Gathered at the scrape, so any number of processes serves the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from delivery import breaker
from delivery.figures import Figures, gather
from delivery.servers import SERVERS
from foundation import meters

BREAKER_STATES = (breaker.CLOSED, breaker.HALF_OPEN, breaker.OPEN, breaker.RETRY_AFTER, breaker.PAUSED)


class Scrape(Collector):
    """The shared figures as metrics."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        figures = self._figures
        yield _gauge(
            "up", "Whether a server answers", "part", {part: int(part not in figures.away) for part in SERVERS}
        )
        yield _gauge(
            "server_seconds",
            "What a server takes for its shortest answer",
            "part",
            {part: took / 1_000 for part, took in figures.servers.items()},
        )
        yield from _of_log(figures)
        yield from _of_waiting(figures)
        yield _breakers(figures)
        shares = {one.account: one.share for one in figures.breakers}
        yield _gauge("account_share", "What a provider account gets of the traffic that is its own", "account", shares)
        rates = {one.account: one.rate for one in figures.breakers}
        yield _gauge("account_rate", "Messages/s a provider account may take; 0: no limit", "account", rates)
        yield _outcomes(figures)
        yield GaugeMetricFamily("np_workers", "Celery workers that are alive", figures.workers)
        yield _gauge(
            "processes", "Processes that are alive", "service", dict(Counter(p.service for p in figures.processes))
        )
        yield from _of_queues(figures)


def exposition() -> bytes:
    """All metrics in Prometheus' text format: what all processes share, and this one's own."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Scrape(gather()))
    return generate_latest(registry) + meters.exposition()


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"np_{name}", text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _of_log(figures: Figures) -> Iterator[Metric]:
    appended = CounterMetricFamily("np_log_records", "Records appended to a topic", labels=["topic"])
    behind = GaugeMetricFamily("np_log_lag", "Records a group hasn't passed", labels=["topic", "group"])
    oldest = GaugeMetricFamily(
        "np_log_oldest_seconds",
        "At least how old the oldest record is that a group hasn't passed",
        labels=["topic", "group"],
    )
    for lag in figures.lags:
        appended.add_metric([lag.topic], lag.appended)
        behind.add_metric([lag.topic, lag.group], lag.behind)
        oldest.add_metric([lag.topic, lag.group], lag.oldest_s)
    yield appended
    yield behind
    yield oldest


def _of_queues(figures: Figures) -> Iterator[Metric]:
    yield _gauge("queue_messages", "Messages in a Celery queue", "queue", {q.queue: q.length for q in figures.queues})
    ages = {each.queue: each.oldest_ms / 1_000 for each in figures.queues}
    yield _gauge("queue_oldest_seconds", "For how long a queue's next batch has waited", "queue", ages)


def _of_waiting(figures: Figures) -> Iterator[Metric]:
    counts = {row.kind: row.count for row in figures.waiting}
    late = {row.kind: row.late_ms // 1_000 for row in figures.waiting}
    yield _gauge("due_rows", "Rows waiting in the due-time table", "kind", counts)
    yield _gauge("due_late_seconds", "By how much the oldest row is overdue", "kind", late)
    yield _gauge("parked", "Dead letters that are parked", "reason", figures.parked)
    yield _gauge("quarantined", "Records kept in the quarantine", "topic", figures.quarantined)
    yield _gauge(
        "topic_stopped", "1 for a topic whose quarantine filled too fast", "topic", dict.fromkeys(figures.stopped, 1)
    )
    undone = {spool.name: spool.undone for spool in figures.spools}
    yield _gauge("spool_lines", "Lines a spool has still to produce", "spool", undone)
    yield GaugeMetricFamily("np_alerts_today", "Operators' alerts of the last 24 hours", figures.alerts)


def _breakers(figures: Figures) -> Metric:
    family = GaugeMetricFamily("np_breaker", "1 for the state a breaker is in", labels=["account", "state"])
    for one in figures.breakers:
        for state in BREAKER_STATES:
            family.add_metric([one.account, state], int(one.state == state))
    return family


def _outcomes(figures: Figures) -> Metric:
    family = CounterMetricFamily("np_reports", "Statuses tracked", labels=["channel", "status", "reason"])
    for labels, number in sorted(figures.outcomes.items()):
        family.add_metric(list(labels), number)
    return family
