"""`manage.py dead_letters list|show|replay|drop`: parked deliveries (contract §5)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import IO, Any, cast

import msgspec
from django.core.management.base import CommandError
from django.db.models import QuerySet
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from delivery import dead_letters
from delivery.dead_letters import GROUPS, Done
from delivery.durations import age_ms
from delivery.models import DeadLetter
from foundation.clock import to_rfc3339
from foundation.command import PlatformCommand
from foundation.errors import PlatformError

SHOWN = 50
WIDTH = 200  # an identity alone takes 63


class Command(PlatformCommand):
    help = "Lists, shows, replays and drops parked deliveries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="what is parked, or its counts")
        _add_filters(listing)
        listing.add_argument("--group-by", choices=GROUPS, help="count by this instead of listing")
        listing.add_argument("--limit", type=int, default=SHOWN)
        actions.add_parser("show", help="one, with its record").add_argument("identity")
        for name, what in (("replay", "put through routing again"), ("drop", "end for good")):
            action = actions.add_parser(name, help=what)
            _add_filters(action)
            action.add_argument("identities", nargs="*", help="these, instead of a filter")
            action.add_argument("--all", action="store_true", help="everything parked, where no filter is given")
            action.add_argument("--dry-run", action="store_true", help="only say how many")
            if name == "replay":
                action.add_argument("--data", type=json.loads, help="JSON object in place of the event's data")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except PlatformError as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        letters = _found(options)
        console = Console(file=cast("IO[str]", self.stdout), width=WIDTH)
        if options["group_by"]:
            console.print(_counts(letters, options["group_by"]))
        else:
            console.print(_table(letters[: options["limit"]]))
        self.stdout.write(f"{letters.count()} {options['state']}")

    def _show(self, options: dict[str, Any]) -> None:
        letter = DeadLetter.objects.filter(pk=options["identity"]).first()
        if letter is None:
            raise CommandError(f"there is no dead letter {options['identity']}; see `dead_letters list`")
        shown = {field.name: getattr(letter, field.name) for field in DeadLetter._meta.fields if field.name != "record"}
        shown["record"] = msgspec.to_builtins(dead_letters.record_of(letter))
        self.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False))

    def _replay(self, options: dict[str, Any]) -> None:
        letters = self._chosen(options)
        if options["data"] is not None and not options["dry_run"]:
            if not isinstance(options["data"], dict):
                raise CommandError("--data must be a JSON object")
            letters.update(edited_data=options["data"])
        self._act(letters, options, "replayed", dead_letters.replay)

    def _drop(self, options: dict[str, Any]) -> None:
        self._act(self._chosen(options), options, "dropped", dead_letters.drop)

    def _chosen(self, options: dict[str, Any]) -> QuerySet[DeadLetter]:
        filters = ("type", "error", "reason", "channel", "notification", "older", "newer")
        if options["identities"]:
            return DeadLetter.objects.filter(pk__in=options["identities"], state=DeadLetter.State.PARKED)
        if not options["all"] and not any(options[name] is not None for name in filters):
            raise CommandError("say which: identities, a filter, or --all")
        return _found({**options, "state": DeadLetter.State.PARKED})

    def _act(self, letters: QuerySet[DeadLetter], options: dict[str, Any], word: str, act: Callable[..., Done]) -> None:
        count = letters.count()
        if options["dry_run"]:
            self.stdout.write(f"{count} would be {word}")
            return
        with Progress(console=Console(file=cast("IO[str]", self.stderr)), transient=True) as progress:
            bar = progress.add_task(word, total=count)
            result = act(letters, lambda done: progress.update(bar, completed=done))
        self.stdout.write(f"{result.done} {word}")
        for identity, why in result.skipped:
            self.stderr.write(f"skipped {identity}: {why}")


def _add_filters(parser: ArgumentParser) -> None:
    parser.add_argument("--type")
    parser.add_argument("--error", help="transient, permanent_address, in_doubt, template, …")
    parser.add_argument("--reason", help="exhausted, permanent, invalid_address, in_doubt, template_error, expired")
    parser.add_argument("--channel")
    parser.add_argument("--notification", help="a notification's id")
    parser.add_argument("--older", type=age_ms, metavar="AGE", help="parked longer ago than 90s, 15m, 6h, 7d")
    parser.add_argument("--newer", type=age_ms, metavar="AGE", help="parked since")
    parser.add_argument("--state", choices=DeadLetter.State.values, default=DeadLetter.State.PARKED)


def _found(options: dict[str, Any]) -> QuerySet[DeadLetter]:
    return dead_letters.find(
        type=options["type"] or "",
        error=options["error"] or "",
        reason=options["reason"] or "",
        channel=options["channel"] or "",
        notification_id=options["notification"] or "",
        state=options["state"],
        older_than_ms=options["older"],
        newer_than_ms=options["newer"],
    )


def _counts(letters: QuerySet[DeadLetter], by: str) -> Table:
    table = Table(by, "count", "oldest", "newest")
    for group in dead_letters.grouped(letters, by):
        table.add_row(group[by] or "–", str(group["count"]), to_rfc3339(group["oldest"]), to_rfc3339(group["newest"]))
    return table


def _table(letters: QuerySet[DeadLetter]) -> Table:
    table = Table("identity", "type", "reason", "error", "attempts", "parked at", "detail")
    table.columns[0].no_wrap = True
    for letter in letters:
        table.add_row(
            letter.pk,
            letter.type,
            letter.reason + (f" {letter.fell_back_to}" if letter.fell_back_to else ""),
            letter.error,
            str(letter.attempts),
            to_rfc3339(letter.last_at),
            letter.detail[:80],
        )
    return table
