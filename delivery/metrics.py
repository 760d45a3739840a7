"""The figures as Prometheus reads them. Gathered at the scrape, so any number of processes serves the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from delivery import breaker
from delivery.figures import Figures, gather

PARTS = ("log", "redis", "database")
BREAKER_STATES = (breaker.CLOSED, breaker.HALF_OPEN, breaker.OPEN, breaker.RETRY_AFTER)


class _Scrape(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        figures = self._figures
        yield _gauge("up", "Whether a server answers", "part", {part: int(part not in figures.away) for part in PARTS})
        yield from _of_log(figures)
        yield from _of_waiting(figures)
        yield _breakers(figures)
        yield _outcomes(figures)
        yield GaugeMetricFamily("np_workers", "Celery workers that are alive", figures.workers)


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(gather()))
    return generate_latest(registry)


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"np_{name}", text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _of_log(figures: Figures) -> Iterator[Metric]:
    appended = CounterMetricFamily("np_log_records", "Records appended to a topic", labels=["topic"])
    behind = GaugeMetricFamily("np_log_lag", "Records a group hasn't passed", labels=["topic", "group"])
    for lag in figures.lags:
        appended.add_metric([lag.topic], lag.appended)
        behind.add_metric([lag.topic, lag.group], lag.behind)
    yield appended
    yield behind


def _of_waiting(figures: Figures) -> Iterator[Metric]:
    counts = {row.kind: row.count for row in figures.waiting}
    late = {row.kind: row.late_ms // 1_000 for row in figures.waiting}
    yield _gauge("due_rows", "Rows waiting in the due-time table", "kind", counts)
    yield _gauge("due_late_seconds", "By how much the oldest row is overdue", "kind", late)
    yield _gauge("parked", "Dead letters that are parked", "reason", figures.parked)
    yield GaugeMetricFamily("np_quarantined", "Records kept in the quarantine", figures.quarantined)
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
