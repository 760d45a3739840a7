"""The figures of rounds, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.rounds import Figures

COLUMNS = (
    *(
        "fault",
        "accepted",
        "refused",
        "unanswered",
        "outcomes",
        "lost",
        "doubled",
        "again",
        "parked",
        "unshown",
        "disorder",
    ),
    *("waited s", "longest s", "settled s"),
)
WIDTH = 200


def print_table(rounds: Sequence[Figures]) -> None:
    """A line for each round, then what was wrong."""
    table = Table(title="What each fault cost")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "fault" else "right")
    for one in rounds:
        table.add_row(*_row(one), style=None if one.kept else "bold red")
    console = Console(width=WIDTH)
    console.print(table)
    console.print(
        "again: sends to a provider that were in doubt and critical or high; parked: in doubt, normal or low; unshown: "
        "what a connected user's sockets never showed; disorder: shown before what had been accepted before; waited: "
        "the longest from a service's first try to its 202; longest: from the 202 to the provider or the socket; "
        "settled: from the end of the load until nothing was in flight.",
        highlight=False,
    )
    for one in rounds:
        for what in one.wrong:
            console.print(f"[red]✗[/red] {one.name}: {what}", highlight=False, markup=True)


def line(one: Figures) -> str:
    """A round in one line, as it ends; what was wrong, and why somebody waited long."""
    state = "kept  " if one.kept else "BROKEN"
    wrong = "".join(f"\n    {what}" for what in (*one.wrong, *one.slow))
    return (
        f"{state} {one.name:<40} accepted {one.accepted:,} refused {one.refused:,} unanswered {one.unanswered:,} "
        f"lost {one.lost} doubled {one.doubled} longest {_most(one.longest)} s, settled {one.settled} s{wrong}"
    )


def total(rounds: Sequence[Figures]) -> str:
    """The sums of all rounds in one line."""
    longest = max((max(one.longest.values(), default=0.0) for one in rounds), default=0.0)
    return (
        f"accepted {sum(one.accepted for one in rounds):,}, outcomes {sum(one.outcomes for one in rounds):,}, "
        f"lost {sum(one.lost for one in rounds)}, doubled {sum(one.doubled for one in rounds)}, "
        f"sent again in doubt {sum(one.again for one in rounds)}, longest delay {longest} s"
    )


def write(path: Path, rounds: Sequence[Figures], **more: object) -> None:
    """All figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**more, "rounds": [one.as_json() for one in rounds]}, indent=1) + "\n")


def _row(one: Figures) -> list[str]:
    counts = (
        *(one.accepted, one.refused, one.unanswered, one.outcomes, one.lost, one.doubled),
        *(one.again, one.parked, one.unshown, one.out_of_order),
    )
    return [one.name, *(f"{count:,}" for count in counts), _most(one.waited), _most(one.longest), f"{one.settled}"]


def _most(seconds: dict[str, float]) -> str:
    if not seconds:
        return "-"
    name, most = max(seconds.items(), key=lambda item: item[1])
    return f"{most} {name}"
