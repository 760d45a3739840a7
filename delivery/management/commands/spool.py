"""`manage.py spool list|forget NAME`: what was taken while the log was away and isn't on it yet."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from delivery.audit import spools
from foundation.clock import now_ms
from foundation.command import PlatformCommand
from foundation.errors import Unreachable
from notifications.spool.models import SpoolReport


class Command(PlatformCommand):
    help = "Lists spools that hold lines, here and on other machines; forgets one whose disk is lost for good."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="spools with their lines, age and owner")
        forget = actions.add_parser("forget", help="strikes out what another machine said; its lines are lost with it")
        forget.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "forget":
            self._forget(options["name"])
            return
        try:
            found = spools.seen()
        except Unreachable as error:
            raise CommandError(str(error)) from error
        for spool in found:
            self.stdout.write(f"{spool.name}: {spool.words(now_ms())}")
        if not found:
            self.stdout.write("no spool holds anything")

    def _forget(self, name: str) -> None:
        if not SpoolReport.objects.filter(pk=name).delete()[0]:
            raise CommandError(f"no spool said it was called {name}")
        self.stdout.write(f"{name} is forgotten; while its machine runs it will say so again")
