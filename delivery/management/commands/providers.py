"""`manage.py providers check|list|rate|pause|resume`: the provider accounts (docs/runbook.md, "A provider fails")."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import IO, Any, cast

import msgspec
from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from delivery import account_settings, accounts_report, breaker
from foundation.command import PlatformCommand
from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable

WIDTH = 200
DEFAULT = "default"
BY_SHELL = "by an operator, from a shell"
HEADS = ("account", "channel", "provider", "order", "weight", "rate/s", "share", "state", "paused because")


def rate(text: str) -> int | None:
    """Messages/s; None for "default". Raises ArgumentTypeError."""
    if text == DEFAULT:
        return None
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no rate: write messages per second, 0 for no limit, or {DEFAULT}")
    return int(text)


class Command(PlatformCommand):
    help = "Checks and lists the provider accounts; changes their rate, pauses and resumes them while they run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        checking = actions.add_parser(
            "check", help="connect by each account and send nothing; exit code 1 if one fails"
        )
        checking.add_argument("accounts", nargs="*", help="these; default: all")
        listing = actions.add_parser("list", help="each account and how it stands")
        changing = actions.add_parser("rate", help="another rate, felt at once by every worker")
        changing.add_argument("account")
        changing.add_argument("rate", type=rate, help="messages per second, 0 for no limit, or default")
        pausing = actions.add_parser("pause", help="send nothing more over it")
        pausing.add_argument("account")
        resuming = actions.add_parser("resume", help="let it go on, whether it was paused or its breaker is open")
        resuming.add_argument("account")
        for each in (changing, pausing, resuming):
            each.add_argument("--why", default=BY_SHELL, help="for the next one who looks")
        for each in (checking, listing, changing, pausing, resuming):
            each.add_argument("--json", action="store_true", help="prints JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except Refused as error:
            raise CommandError(f"{error} {error.remedy or ''}".strip()) from error
        except (PlatformError, *Unreachable) as error:
            raise CommandError(str(error)) from error

    def _check(self, options: dict[str, Any]) -> None:
        found = accounts_report.check(options["accounts"])
        if options["json"]:
            self._print(found)
        else:
            for each in found:
                self.stdout.write(f"{'ok    ' if each.well else 'WRONG '} {each.says}")
        if not all(each.well for each in found):
            sys.exit(1)

    def _list(self, options: dict[str, Any]) -> None:
        found = accounts_report.standings()
        if options["json"]:
            self._print(found)
            return
        table = Table(*HEADS)
        for each in found:
            own = "" if each.rate == each.own_rate else f" (own: {each.own_rate})"
            wait = f", {each.wait_ms / 1_000:.0f} s" if each.wait_ms and each.state != breaker.PAUSED else ""
            cells = (each.account, each.channel, each.provider, each.order, each.weight, f"{each.rate}{own}")
            table.add_row(*map(str, cells), f"{each.share:.0%}", each.state + wait, each.paused)
        Console(file=cast("IO[str]", self.stdout), width=WIDTH).print(table)

    def _rate(self, options: dict[str, Any]) -> None:
        account_settings.set_rate(options["account"], options["rate"], why=options["why"], by=getpass.getuser())
        self._tell(options)

    def _pause(self, options: dict[str, Any]) -> None:
        account_settings.pause(options["account"], options["why"], by=getpass.getuser())
        self._tell(options)

    def _resume(self, options: dict[str, Any]) -> None:
        account_settings.resume(options["account"], why=options["why"], by=getpass.getuser())
        breaker.close(options["account"])
        self._tell(options)

    def _tell(self, options: dict[str, Any]) -> None:
        (found,) = (each for each in accounts_report.standings() if each.account == options["account"])
        if options["json"]:
            self._print(found)
        else:
            self.stdout.write(f"{found.account}: {found.state}, {found.rate or 'no limit'} messages/s")

    def _print(self, found: Any) -> None:
        self.stdout.write(json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False))
