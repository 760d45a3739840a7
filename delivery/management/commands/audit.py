"""`manage.py audit`: is every accepted notification accounted for? Exit code 0 clean, 1 not clean, 2 could not run."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from delivery.audit import Findings, audit, spools
from foundation.clock import from_rfc3339, now_ms
from foundation.command import PlatformCommand
from foundation.errors import LogUnavailable, Unreachable

NOT_CLEAN, COULD_NOT_RUN = 1, 2


class Bar:
    """A progress bar on stderr, if that is a terminal."""

    def __init__(self, *, shown: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown)
        self._task = self._progress.add_task("audit", total=0)
        self._total = 0
        self._at = "audit"

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, *, done: int = 0, more: int = 0, at: str = "") -> None:
        self._total += more
        self._at = at or self._at
        self._progress.update(self._task, advance=done, total=self._total, description=self._at)


class Command(PlatformCommand):
    help = "Checks that every accepted notification has its decision, and every delivery one outcome or a place."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=_time, default=0, help="accepted at or after (RFC 3339)")
        parser.add_argument("--until", type=_time, default=None, help="accepted before (RFC 3339)")
        parser.add_argument("--deep", action="store_true", help="asks the store, inboxes and the outbox as well")
        parser.add_argument("--json", action="store_true", help="prints everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = self._run(options)
        if options["json"]:
            self.stdout.write(json.dumps(findings.as_json(), indent=2))
        else:
            self.stdout.write("\n".join(findings.lines()))
        if not findings.clean:
            sys.exit(NOT_CLEAN)

    def _run(self, options: dict[str, Any]) -> Findings:
        try:
            with Bar(shown=sys.stderr.isatty()) as bar:
                return audit(since=options["since"], until=options["until"], in_depth=options["deep"], progress=bar)
        except Unreachable as error:
            self._name_spools()
            raise CommandError(f"the audit could not be run: {error}", returncode=COULD_NOT_RUN) from error

    def _name_spools(self) -> None:
        """With the log away the spools of this machine are what there is to be said."""
        with suppress(LogUnavailable):  # nor can they be read
            for spool in spools.local():
                self.stderr.write(f"spool {spool.name}: {spool.words(now_ms())}")


def _time(text: str) -> int:
    return from_rfc3339(text)
