"""The figures on one screen, for people. What can't be known is said to be unknown, never shown as nought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group
from rich.table import Table

from delivery.breaker import CLOSED
from delivery.figures import Figures
from delivery.servers import SERVERS
from foundation.clock import to_rfc3339
from foundation.process import STALLED_S
from notifications.words import sentence

NUMBERS = frozenset({"appended", "behind", "rows", "count", "messages", "pid"})


def screen(figures: Figures) -> Group:
    """Everything, the most urgent first."""
    return Group(*_parts(figures))


def _parts(figures: Figures) -> Iterator[Any]:
    yield f"{to_rfc3339(figures.at)}   {_rates(figures)}"
    yield _table("server", ("is", "answers in"), _servers(figures))
    yield from _urgent(figures)
    if "log" not in figures.away:
        yield _table("topic", ("group", "appended", "behind", "oldest"), _lags(figures))
    if figures.queues:
        rows = [(q.queue, f"{q.length:,}", _age(q.oldest_ms / 1_000)) for q in figures.queues if q.length]
        yield _table("queue", ("messages", "oldest"), rows) if rows else "queues are empty"
    if figures.waiting:
        rows = [(row.kind, f"{row.count:,}", _age(row.late_ms / 1_000)) for row in figures.waiting]
        yield _table("waiting", ("rows", "overdue by"), rows)
    if figures.parked:
        yield _table("parked", ("count", ""), [(why, f"{n:,}", sentence(why)) for why, n in figures.parked.items()])
    if figures.outcomes:
        yield _table("channel", ("status", "count", "reason"), _outcomes(figures))
    if "redis" not in figures.away:
        yield f"{figures.workers} workers"
        yield _table("process", ("pid", "host", "since", "last turn", "last error"), _processes(figures))


def _rates(figures: Figures) -> str:
    accepted = "?" if "log" in figures.away else f"{figures.accepted_per_s:,.1f}"
    outcomes = "?" if "redis" in figures.away else f"{figures.outcomes_per_s:,.1f}"
    return f"{accepted} accepted/s, {outcomes} outcomes/s (last minute)"


def _servers(figures: Figures) -> Iterable[tuple[str, ...]]:
    for name in SERVERS:
        if name in figures.away:
            yield name, "[red]down[/red]", f"[red]{_plain(figures.away[name])}[/red]"
        else:
            yield name, "up", f"{figures.servers.get(name, 0):.1f} ms"


def _urgent(figures: Figures) -> Iterator[str]:
    for topic in figures.stopped:
        yield f"[red]{topic} is stopped: its quarantine filled too fast (manage.py quarantine resume {topic})[/red]"
    for one in figures.breakers:
        if one.state != CLOSED:
            yield f"[red]{one.account}: breaker {one.state}, {one.wait_ms / 1000:.0f} s {_plain(one.why)}[/red]"
    for spool in figures.spools:
        yield f"[yellow]spool {spool.name} on {spool.node}: {spool.undone:,} lines to produce[/yellow]"
    if "database" not in figures.away:
        yield f"{sum(figures.quarantined.values())} quarantined, {figures.alerts} alerts in 24 h"
    last = max(figures.processes, key=lambda process: process.error_at, default=None)
    if last is not None and last.error_at:
        yield f"last error: {to_rfc3339(last.error_at)} {last.service}: {_plain(last.error)}"


def _lags(figures: Figures) -> Iterable[tuple[str, ...]]:
    return [
        (
            each.topic,
            each.group,
            f"{each.appended:,}",
            f"{each.behind:,}",
            f"> {_age(each.oldest_s)}" * bool(each.oldest_s),
        )
        for each in figures.lags
    ]


def _outcomes(figures: Figures) -> Iterable[tuple[str, ...]]:
    return [
        (channel, status, f"{count:,}", reason) for (channel, status, reason), count in sorted(figures.outcomes.items())
    ]


def _processes(figures: Figures) -> Iterable[tuple[str, ...]]:
    for each in figures.processes:
        turn = f"{each.pulse_s:.0f} s ago" if each.pulse_s > STALLED_S else "now"
        error = to_rfc3339(each.error_at) if each.error_at else ""
        yield each.service, str(each.pid), each.host, _age((figures.at - each.since) / 1_000), turn, error


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _plain(text: str) -> str:
    """Without what rich would take for markup."""
    return text.replace("[", "(").replace("]", ")")


def _table(first: str, others: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in (first, *others):
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    for row in rows:
        table.add_row(*row)
    return table
