"""`manage.py migrate`: Django's own; for the store on Cassandra it is `manage.py store create`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate

STORE = "store"


class Command(Migrate):
    """In place of django-cassandra-engine's, which would make a keyspace of one replica."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] == STORE and settings.STORE_ENGINE == "cassandra":
            call_command("store", "create", verbosity=options["verbosity"], stdout=self.stdout, stderr=self.stderr)
        else:
            super().handle(*args, **options)
