"""`manage.py store create|check`: the notification store's keyspace and tables (contract §6)."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from foundation.command import PlatformCommand
from foundation.errors import StoreUnavailable

SQL = "STORE_ENGINE=sql: the tables are made and changed by `manage.py migrate --database store`."
ABOUT = """Makes the keyspace and the tables of the notification store, or says what differs.

  create   makes what is missing and takes the steps of the schema that weren't taken yet. Can be run at any time, any
           number of times, while everything runs; it never drops a column or a table.
  check    changes nothing. Lists what differs from this version and from the settings: replication, tables, columns,
           days kept. Ends with 1 when something does.

Replication is set when the keyspace is made (CASSANDRA_REPLICATION, CASSANDRA_DATACENTER). To change it later:
  ALTER KEYSPACE … WITH replication = …, then `nodetool repair --full` on every node.
"""


class Command(PlatformCommand):
    help = ABOUT

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("create", "check"), metavar="create|check")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if settings.STORE_ENGINE == "sql":
            self.stdout.write(SQL)
            return
        do: dict[str, Callable[[], None]] = {"create": lambda: self._create(options["verbosity"]), "check": self._check}
        try:
            do[action]()
        except StoreUnavailable as error:
            raise CommandError(str(error)) from error

    def _create(self, verbosity: int) -> None:
        from notifications.store.cassandra import checking, schema

        done = schema.create()
        for line in done or ["nothing to do: every step was taken before"]:
            if verbosity:
                self.stdout.write(line)
        for line in checking.differences():
            self.stderr.write(f"differs: {line}")

    def _check(self) -> None:
        from notifications.store.cassandra import checking

        found = checking.differences()
        for line in found:
            self.stdout.write(f"differs: {line}")
        if found:
            raise CommandError(f"{len(found)} differ; `manage.py store create` makes what is missing")
        self.stdout.write("as it should be")
