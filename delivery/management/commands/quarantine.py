"""`manage.py quarantine list|show|retry|resume`: records nobody could handle, with their bytes (contract §9)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from delivery import quarantine, stopping
from delivery.models import QuarantinedRecord
from foundation.clock import to_rfc3339
from foundation.command import PlatformCommand
from foundation.errors import PlatformError
from foundation.redis import Unreachable
from notifications.topology import TOPICS

SHOWN = 50


class Command(PlatformCommand):
    help = "Lists, shows and retries quarantined records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="what is kept")
        listing.add_argument("--topic", default="")
        listing.add_argument("--limit", type=int, default=SHOWN)
        actions.add_parser("show", help="one, with its bytes").add_argument("id", type=int)
        retry = actions.add_parser("retry", help="put back on their topics, marked as repeats")
        retry.add_argument("ids", nargs="*", type=int)
        retry.add_argument("--topic", default="")
        retry.add_argument("--all", action="store_true")
        resume = actions.add_parser("resume", help="let a topic go on that filled its quarantine too fast")
        resume.add_argument("topic", help="its name may omit 'notifications.'")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except PlatformError as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        rows = _kept(options["topic"])
        table = Table("id", "place", "bytes", "at", "reason")
        for row in rows[: options["limit"]]:
            table.add_row(str(row.pk), str(row), str(len(row.raw)), to_rfc3339(row.at), row.reason[:100])
        Console(file=cast("IO[str]", self.stdout)).print(table)
        self.stdout.write(f"{rows.count()} kept")

    def _show(self, options: dict[str, Any]) -> None:
        row = QuarantinedRecord.objects.filter(pk=options["id"]).first()
        if row is None:
            raise CommandError(f"there is no quarantined record {options['id']}; see `quarantine list`")
        self.stdout.write(f"{row} {row.state}, {to_rfc3339(row.at)}: {row.reason}")
        self.stdout.write(f"headers: {row.headers}")
        self.stdout.write(bytes(row.raw).decode("utf-8", "backslashreplace"))

    def _retry(self, options: dict[str, Any]) -> None:
        if not (options["ids"] or options["topic"] or options["all"]):
            raise CommandError("say which: ids, --topic or --all")
        rows = _kept(options["topic"])
        if options["ids"]:
            rows = rows.filter(pk__in=options["ids"])
        self.stdout.write(f"{quarantine.retry(rows)} put back")

    def _resume(self, options: dict[str, Any]) -> None:
        given = options["topic"]
        topic = given if given in TOPICS else f"notifications.{given}"
        if topic not in TOPICS:
            raise CommandError(f"no such topic: {given}; there are {', '.join(TOPICS)}")
        try:
            was = stopping.resume(topic)
        except Unreachable as error:
            raise CommandError(f"Redis can't be reached: {error}") from error
        self.stdout.write(f"{topic} goes on" if was else f"{topic} wasn't stopped")


def _kept(topic: str) -> Any:
    rows = QuarantinedRecord.objects.filter(state=QuarantinedRecord.State.KEPT)
    return rows.filter(topic=topic) if topic else rows
