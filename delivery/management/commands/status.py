"""`manage.py status`: one screen of how the platform does, whichever of its servers is away."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

import msgspec
from rich.console import Console
from rich.live import Live

from delivery.figures import PATIENCE_S, Figures, gather
from delivery.screen import screen
from foundation.command import PlatformCommand


class Command(PlatformCommand):
    help = "Servers, processes, lag by group, rates, queues, what waits, what is parked, breakers, the last error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="prints everything as JSON")
        parser.add_argument(
            "--watch", type=float, nargs="?", const=2.0, metavar="SECONDS", help="shows it again and again"
        )
        parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds a server has to answer")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["watch"]:
            self._watch(options["watch"], options["patience"])
            return
        figures = gather(options["patience"])
        if options["json"]:
            self.stdout.write(json.dumps(as_json(figures), indent=2))
            return
        console = Console()
        with console.capture() as printed:
            console.print(screen(figures))
        self.stdout.write(printed.get())

    def _watch(self, seconds: float, patience_s: float) -> None:
        with Live(screen(gather(patience_s)), auto_refresh=False, screen=True) as live:
            try:
                while True:
                    time.sleep(seconds)
                    live.update(screen(gather(patience_s)), refresh=True)
            except KeyboardInterrupt:
                return


def as_json(figures: Figures) -> dict[str, Any]:
    """Everything, outcomes as a list of objects."""
    told: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(figures, outcomes={}))
    names = ("channel", "status", "reason")
    told["outcomes"] = [
        {**dict(zip(names, tally, strict=True)), "count": count} for tally, count in sorted(figures.outcomes.items())
    ]
    return told
