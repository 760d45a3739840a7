"""docs/metrics.md as it follows from what is served: `manage.py metrics_page` writes it, a test compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import Metric

import channels_app.gateway  # noqa: F401  a gateway's figures are its own
from delivery.figures import Breaker, Figures, Lag, Spooled, Waiting
from delivery.metrics import Scrape
from delivery.queues import Waits
from foundation import meters
from foundation.heartbeat import Process
from foundation.meters import Described

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
HEAD = """# Metrics

Every process serves its own at `/metrics`, beside `/health/live` and `/health/ready`: web at its port, for this machine
or a token with the scope `operate`; a gateway at its port, for this machine; gRPC, bridges, workers and beat on
loopback at `METRICS_PORT` where one is set (each process its own; `METRICS_PORT=9100 make demo` counts up from there in
the order of its processes). A process is ready when it reaches Redis (and the log, but for beat and gateway) and its
loop has turned within the last 15 seconds.

Besides its own, web serves what all processes share, gathered at the scrape: scrape those from one web. Counters of
processes begin anew with each of them; `np_reports_total` lies in Redis and begins anew when Redis is emptied. Names
that begin with `process_` and `python_` are the client library's own, for each process.

This page is written by `manage.py metrics_page`.
"""
EXAMPLE = Figures(
    at=0,
    servers={"log": 1.0},
    lags=[Lag("topic", "group", 1, 1, 1)],
    waiting=[Waiting("kind", 1, 1)],
    parked={"reason": 1},
    quarantined={"topic": 1},
    stopped=["topic"],
    spools=[Spooled("spool", "node", 1, 0)],
    breakers=[Breaker("account", "closed", 0)],
    outcomes={("push", "sent", ""): 1},
    queues=[Waits("router", 1, 1)],
    processes=[Process(service="web", host="here", pid=1, since=0, at=0, pulse_s=0)],
)


def page() -> str:
    """The whole page: a table for what is shared, and one for each process's own."""
    parts = [HEAD, *_table("Shared by all processes", shared()), "", *_table("Each process's own", own()), ""]
    return "\n".join(parts)


def shared() -> list[Described]:
    """What web serves for everybody."""
    return [_described(family) for family in Scrape(EXAMPLE).collect()]


def own() -> list[Described]:
    """What each process counts; not all of them have something to count of everything."""
    return list(meters.described)


def _described(family: Metric) -> Described:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return Described(name, family.type, tuple(family.samples[0].labels) if family.samples else (), family.documentation)


def _table(title: str, rows: Iterable[Described]) -> Iterator[str]:
    yield f"## {title}\n\n| metric | kind | labels | what |\n|---|---|---|---|"
    for each in sorted(rows):
        labels = ", ".join(f"`{label}`" for label in each.labels)
        yield f"| `{each.name}` | {each.kind} | {labels} | {each.text} |"
