"""`manage.py replay --topic T --from <time|offset> [--to …]`: a window of the log once more, nothing seen twice."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import Progress

from delivery.replay import Replay, Wanted, places, refusal, window, written
from foundation.command import PlatformCommand
from foundation.errors import ControlPlaneUnavailable, LogUnavailable
from notifications.log import get_log
from notifications.topology import TOPICS
from preferences import erasure

MOST_TYPES = 20


class Command(PlatformCommand):
    help = (
        "Puts a window of a topic on it once more, marked as a repeat: what has an outcome keeps it, the rest is done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        place = "RFC 3339 time, an offset, or partition:offset,…"
        parser.add_argument("--topic", required=True, help="its name; 'notifications.' may be omitted")
        parser.add_argument("--from", dest="start", required=True, help=f"where it begins: {place}")
        parser.add_argument("--to", dest="end", default=None, help=f"where it ends (default: now): {place}")
        parser.add_argument("--type", action="append", default=[], help="only this type (may be repeated)")
        parser.add_argument("--user", action="append", default=[], help="only this user (may be repeated)")
        parser.add_argument("--notification", action="append", default=[], help="only this one (may be repeated)")
        parser.add_argument("--dry-run", action="store_true", help="counts, and produces nothing")
        parser.add_argument("--yes", action="store_true", help="doesn't ask")

    def handle(self, *args: Any, **options: Any) -> None:
        topic = options["topic"] if options["topic"] in TOPICS else f"notifications.{options['topic']}"
        if why := refusal(topic):
            raise CommandError(f"{topic} can't be replayed: {why}")
        found = self._look(topic, options)
        if options["dry_run"] or not found.records:
            return
        if not options["yes"] and not self._confirmed(found):
            raise CommandError("nothing was produced")
        self._produce(Replay(found.log, topic, found.window, found.wanted))

    def _look(self, topic: str, options: dict[str, Any]) -> Replay:
        """Counts what a replay would produce."""
        log = get_log()
        try:
            wanted = Wanted(
                types=frozenset(options["type"]),
                users=frozenset(options["user"]),
                notifications=frozenset(options["notification"]),
                erased=erasure.listed(),
            )
            start = places(log, topic, options["start"])
            end = places(log, topic, options["end"]) if options["end"] else None
            look = Replay(log, topic, window(log, topic, start, end), wanted)
            self._run(look, produce=False)
        except ValueError as error:
            raise CommandError(f"--from and --to take a time, an offset or partition:offset,…: {error}") from error
        except LogUnavailable as error:
            raise CommandError(f"the log can't be read: {error}") from error
        except ControlPlaneUnavailable as error:
            raise CommandError(f"who was erased can't be asked: {error}") from error
        self._tell(look, "to be replayed")
        return look

    def _confirmed(self, look: Replay) -> bool:
        self.stdout.write(f"Put {look.records} records on {look.topic} once more? [y/N] ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _produce(self, replay: Replay) -> None:
        try:
            self._run(replay, produce=True)
        except (KeyboardInterrupt, LogUnavailable) as stopped:
            self._tell(replay, "replayed")
            raise CommandError(
                f"stopped ({str(stopped) or 'interrupted'}); go on with --topic {replay.topic} "
                f"--from {written(replay.at)} --to {written(replay.end)} and the same filters"
            ) from stopped
        self._tell(replay, "replayed")

    def _run(self, replay: Replay, *, produce: bool) -> None:
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("produce" if produce else "count", total=sum(e - s for s, e in replay.window.values()))
            replay.run(produce=produce, progress=lambda done: bar.advance(task, done))

    def _tell(self, replay: Replay, what: str) -> None:
        self.stdout.write(f"{replay.topic}: {replay.records} records {what}, {replay.types.total()} notifications")
        for name, count in replay.types.most_common(MOST_TYPES):
            self.stdout.write(f"  {name:<40}{count:>12}")
        if replay.unreadable:
            self.stdout.write(f"  {replay.unreadable} records that nobody can read are left out")
