"""`manage.py users import|export|erase|receipt`: people in from a file, one out as a file, one erased (docs/people.md).

The same as in the admin, for scripts: an import that is killed goes on by itself, or with `--resume`.
"""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import Progress

from delivery.people import erasing, exporting
from foundation.clock import to_rfc3339
from foundation.command import PlatformCommand
from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable
from preferences import erasure
from preferences.imports import jobs, results
from preferences.models import Erasure, PeopleImport, StaticList

STDOUT = "-"


class Command(PlatformCommand):
    help = "Imports users from a CSV or JSON file, exports one, erases one, shows the receipt of an erasure."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        bringing = actions.add_parser("import", help="register or change users from a file; exit code 1 for bad rows")
        bringing.add_argument("file", nargs="?", type=Path, help=".csv, .tsv, .json, .jsonl")
        bringing.add_argument("--map", action="append", default=[], metavar="COLUMN=AIM", help="default: by the names")
        bringing.add_argument("--to-list", default="", help="put these users on this static list instead")
        bringing.add_argument("--bad", type=Path, help="where the rows go that weren't taken (CSV)")
        bringing.add_argument("--resume", type=int, metavar="ID", help="go on with an import that was stopped")
        bringing.add_argument("--dry-run", action="store_true", help="shows the columns and the first rows")
        exporting = actions.add_parser("export", help="all that is known of one user, as JSON")
        exporting.add_argument("user")
        exporting.add_argument("--to", default=STDOUT, help="a file; default: stdout")
        erase = actions.add_parser("erase", help="erase one user everywhere, for good")
        erase.add_argument("user")
        erase.add_argument("--note", default="", help="a ticket, a date; nothing about the person")
        erase.add_argument("--yes", action="store_true", help="don't ask")
        receipt = actions.add_parser("receipt", help="the receipt of an erasure")
        receipt.add_argument("receipt", help="its number, or the user id it was made for")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except Refused as error:
            raise CommandError(f"{error} {error.remedy or ''}".strip()) from error
        except (PlatformError, *Unreachable) as error:
            raise CommandError(f"a server is away: {error}") from error
        except OSError as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any]) -> None:
        job = self._job(options)
        if options["dry_run"]:
            self._show(job)
            jobs.steer(job, PeopleImport.State.CANCELLED)
            return
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("import", total=job.rows, completed=results.progress(job).done)
            jobs.run(job, told=lambda rows: bar.advance(task, rows))
        done = results.progress(job)
        self.stdout.write(f"{done.added:,} added, {done.changed:,} changed, {done.refused:,} not taken")
        if done.refused:
            self._bad(job, options["bad"])
            raise SystemExit(1)

    def _job(self, options: dict[str, Any]) -> PeopleImport:
        if options["resume"] is not None:
            job = PeopleImport.objects.filter(pk=options["resume"]).first()
            if job is None or job.state not in jobs.OPEN:
                raise CommandError(f"there is no import {options['resume']} to go on with")
            jobs.steer(job, PeopleImport.State.RUNNING)
            return job
        if options["file"] is None:
            raise CommandError("name a file, or --resume ID")
        job = self._read(options["file"], options["to_list"])
        asked = dict(each.split("=", 1) for each in options["map"] if "=" in each)
        job.mapping |= asked
        if not options["dry_run"]:
            jobs.start(job, job.mapping)
            self.stderr.write(f"import {job.pk}: {job.rows:,} rows; stopped, it goes on with --resume {job.pk}")
        return job

    def _read(self, file: Path, to_list: str) -> PeopleImport:
        name = to_list and StaticList.objects.get_or_create(name=to_list)[0]
        with file.open("rb", buffering=0) as content:
            return jobs.read_in(jobs.upload(file.name, by=getpass.getuser(), to_list=name or None), content)

    def _show(self, job: PeopleImport) -> None:
        for column in job.header:
            self.stdout.write(f"  {column:<30} {job.mapping.get(column) or 'left out'}")
        for row in jobs.preview(job, job.mapping):
            self.stdout.write(f"  line {row['line']}: {row.get('why') or row['change']}")

    def _bad(self, job: PeopleImport, to: Path | None) -> None:
        if to is None:
            self.stderr.write("the first of them (all with --bad FILE):")
            for bad, _ in zip(results.bad_rows(job), range(5), strict=False):
                self.stderr.write(f"  line {bad.line}: {bad.why}")
            return
        with to.open("wb") as out:
            out.writelines(results.bad_file(job))
        self.stderr.write(f"they are in {to}")

    def _export(self, options: dict[str, Any]) -> None:
        pieces = exporting.export(options["user"])
        if options["to"] == STDOUT:
            for piece in pieces:
                self.stdout.write(piece.decode(), ending="")
            return
        with Path(options["to"]).open("wb") as out:
            out.writelines(pieces)

    def _erase(self, options: dict[str, Any]) -> None:
        if not options["yes"] and not self._confirmed(options["user"]):
            raise CommandError("nothing was erased")
        self._tell(erasing.erase(options["user"], by=getpass.getuser(), note=options["note"]))

    def _confirmed(self, user: str) -> bool:
        self.stdout.write(f"Erase {user} for good? Write the user id to confirm: ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip() == user

    def _receipt(self, options: dict[str, Any]) -> None:
        self._tell(erasure.found(options["receipt"]))

    def _tell(self, receipt: Erasure) -> None:
        times = {name: getattr(receipt, name) for name in ("at", "gone_by", "finished_at")}
        told = {
            "receipt": receipt.receipt,
            **{name: to_rfc3339(int(at.timestamp() * 1_000)) if at else None for name, at in times.items()},
            **{name: getattr(receipt, name) for name in ("by", "note", "removed", "kept", "outstanding")},
        }
        self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
