"""`manage.py templates pull|push|check FOLDER`: types and their words as files (`templates_app.files`)."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from foundation.command import PlatformCommand
from foundation.errors import Refused, TemplateError
from templates_app.files.checking import check
from templates_app.files.folder import Folder, read
from templates_app.files.pulling import pull
from templates_app.files.pushing import push
from templates_app.lint.finding import ERROR, HINT, WARNING
from templates_app.models import NotificationType


class Command(PlatformCommand):
    """`check` needs no database and exits with 1 when it finds an error (with --strict, a warning)."""

    help = "Templates as files: pull them from the platform, push them to it, check them in CI."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three sub-commands."""
        actions = parser.add_subparsers(dest="action", required=True)
        pulling = actions.add_parser("pull", help="write what is published as files")
        pushing = actions.add_parser("push", help="publish what the files say")
        checking = actions.add_parser("check", help="look for mistakes; prints file:line")
        for each in (pulling, pushing, checking):
            each.add_argument("folder", type=Path)
        pulling.add_argument("--type", action="append", default=[], help="only this type; may be repeated")
        pushing.add_argument("--dry-run", action="store_true", help="only say what would be done")
        pushing.add_argument("--note", default="from files", help="what changed, for the history")
        pushing.add_argument("--by", default="", help="who publishes; default: the user of this shell")
        checking.add_argument("--strict", action="store_true", help="warnings fail too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs the sub-command."""
        {"pull": self._pull, "push": self._push, "check": self._check}[options["action"]](options)

    def _pull(self, options: dict[str, Any]) -> None:
        kinds = NotificationType.objects.all()
        if options["type"]:
            kinds = kinds.filter(name__in=options["type"])
            if missing := set(options["type"]) - set(kinds.values_list("name", flat=True)):
                raise CommandError(f"there is no type {sorted(missing)[0]}; `manage.py types list` names all")
        for path in pull(options["folder"], kinds):
            self.stdout.write(str(path))

    def _push(self, options: dict[str, Any]) -> None:
        folder = self._read(options)
        self._refuse_errors(folder, strict=False)
        by = options["by"] or getpass.getuser()
        try:
            done = push(folder, by=by, note=options["note"], dry=options["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Refused as refusal:
            raise CommandError(f"{refusal.detail} {refusal.remedy or ''}") from None
        except TemplateError as error:
            raise CommandError(str(error)) from None
        for each in done:
            self.stdout.write(f"{each.name}: {'would be ' if options['dry_run'] else ''}{each.done}")
        if not done:
            self.stdout.write("nothing to do: all of it is there already")

    def _check(self, options: dict[str, Any]) -> None:
        folder = self._read(options)
        self._refuse_errors(folder, strict=options["strict"])
        texts = sum(len(kind.texts) for kind in folder.types)
        self.stdout.write(f"{len(folder.types)} types with {texts} texts: fine")

    def _read(self, options: dict[str, Any]) -> Folder:
        root: Path = options["folder"]
        if not root.is_dir():
            raise CommandError(f"there is no folder {root}")
        return read(root)

    def _refuse_errors(self, folder: Folder, *, strict: bool) -> None:
        found = [each for each in check(folder) if each.level != HINT]
        for each in found:
            self.stderr.write(f"{each.trouble.path}:{each.trouble.line}: {each.level}: {each.trouble.reason}")
        failing = [each for each in found if each.level == ERROR or (strict and each.level == WARNING)]
        if failing:
            raise CommandError(f"{len(failing)} to mend")
