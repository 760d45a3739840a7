"""`manage.py due rebuild`: what should wait in the due-time table, put again from the log (docs/runbook.md)."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError

from delivery.durations import age_ms
from delivery.rebuild import rebuild
from foundation.clock import from_rfc3339, now_ms
from foundation.command import PlatformCommand
from foundation.errors import Unreachable


def time_or_age(text: str) -> int:
    """Milliseconds of a time such as 2026-02-23T02:00:00Z, or of as long ago as 26h. Raises ArgumentTypeError."""
    try:
        return from_rfc3339(text)
    except ValueError:
        try:
            return now_ms() - age_ms(text)
        except ArgumentTypeError:
            raise ArgumentTypeError(f"{text!r} is neither an age (26h) nor a time (2026-02-23T02:00:00Z)") from None


class Command(PlatformCommand):
    help = "Rebuilds the due-time table from the log, after its database came back from a backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        rebuilding = actions.add_parser("rebuild", help="puts what should wait and isn't there; may be run again")
        rebuilding.add_argument(
            "--since",
            type=time_or_age,
            default=0,
            help="when the backup was made, or before; default: all there is",
        )
        rebuilding.add_argument("--dry-run", action="store_true", help="says what it would do, and changes nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rebuild(since=options["since"], dry_run=options["dry_run"])
        except Unreachable as error:
            raise CommandError(f"nothing was changed, run it again: {error}") from error
        word = "would be " if options["dry_run"] else ""
        for kind, count in sorted(done.put.items()):
            self.stdout.write(f"{kind}: {count} {word}put")
        self.stdout.write(f"{sum(done.put.values())} rows {word}put, {done.parked} dead letters {word}parked")
        self.stdout.write(f"{done.closed} rows of the backup had gone since, {done.gone} on the log had gone")
