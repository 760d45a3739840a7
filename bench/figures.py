"""Figures: percentiles, CPU by process, and the table that is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in ms."""
    ordered = sorted(seconds)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3, 1)
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
    }


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds of each process so far, by name."""
    used = {}
    for name, pid in pids.items():
        times = psutil.Process(pid).cpu_times()
        used[name] = times.user + times.system
    return used


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: round(after[name] - before.get(name, 0.0), 2) for name in after}


def print_table(title: str, rows: Sequence[dict[str, Any]], notes: Sequence[str]) -> None:
    """One row a figure: what, measured, beside, ratio, target, and whether it is reached."""
    table = Table(title=title)
    for column in ("what", "measured", "beside, in the same run", "ratio", "target", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        reached = row.get("reached")
        mark = "" if reached is None else ("[green]reached[/]" if reached else "[red]missed[/]")
        columns = ("what", "measured", "beside", "ratio", "target")
        table.add_row(*(str(row.get(column, "")) for column in columns), mark)
    console = Console(width=150)
    console.print(table)
    for note in notes:
        console.print(f"  {note}", style="dim")
