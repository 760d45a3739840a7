"""`manage.py status`: one screen of how the platform does."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

import msgspec
from django.core.management.base import BaseCommand
from rich.console import Console, Group
from rich.table import Table

from delivery.breaker import CLOSED
from delivery.figures import Figures, gather
from foundation.clock import to_rfc3339
from notifications.words import sentence


class Command(BaseCommand):
    help = "Lag by group, what waits, what is parked, breakers, outcomes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="prints everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        figures = gather()
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(figures), indent=2))
        else:
            console = Console()
            with console.capture() as screen:
                console.print(Group(*_screen(figures)))
            self.stdout.write(screen.get())


def _as_json(figures: Figures) -> dict[str, Any]:
    told = msgspec.to_builtins(msgspec.structs.replace(figures, outcomes={}))
    names = ("channel", "status", "reason")
    told["outcomes"] = [
        {**dict(zip(names, tally, strict=True)), "count": count} for tally, count in sorted(figures.outcomes.items())
    ]
    return told


def _screen(figures: Figures) -> list[Any]:
    parts: list[Any] = [f"{to_rfc3339(figures.at)}   {figures.workers} workers"]
    parts += [f"[red]{part} is away: {why}[/red]" for part, why in figures.away.items()]
    parts.append(_table("topic", ("group", "appended", "behind"), _lags(figures)))
    if figures.waiting:
        rows = [(row.kind, f"{row.count:,}", f"{row.late_ms / 1000:.0f} s") for row in figures.waiting]
        parts.append(_table("waiting", ("rows", "overdue by"), rows))
    if figures.parked:
        rows = [(reason, f"{count:,}", sentence(reason)) for reason, count in figures.parked.items()]
        parts.append(_table("parked", ("count", ""), rows))
    if figures.outcomes:
        parts.append(_table("channel", ("status", "count", "reason"), _outcomes(figures)))
    shut = [one for one in figures.breakers if one.state != CLOSED]
    parts += [f"[red]{one.account}: breaker {one.state}, {one.wait_ms / 1000:.0f} s[/red]" for one in shut]
    parts.append(f"{figures.quarantined} quarantined, {figures.alerts} alerts in 24 h")
    return parts


def _lags(figures: Figures) -> Iterable[tuple[str, ...]]:
    return [(lag.topic, lag.group, f"{lag.appended:,}", f"{lag.behind:,}") for lag in figures.lags]


def _outcomes(figures: Figures) -> Iterable[tuple[str, ...]]:
    return [
        (channel, status, f"{count:,}", reason) for (channel, status, reason), count in sorted(figures.outcomes.items())
    ]


def _table(first: str, others: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in (first, *others):
        table.add_column(name, justify="right" if name in {"appended", "behind", "rows", "count"} else "left")
    for row in rows:
        table.add_row(*row)
    return table
