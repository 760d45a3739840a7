"""`manage.py prepare`: everything a fresh or an upgraded state folder needs before the processes start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command

from foundation.command import PlatformCommand
from notifications.log import ensure_topics

CASSANDRA = "django_cassandra_engine"


class Command(PlatformCommand):
    help = "Migrates the databases, creates missing topics, seeds the demo's company. Can be run again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, database in settings.DATABASES.items():
            if database["ENGINE"] == CASSANDRA:
                call_command("store", "create", verbosity=0)
            else:
                call_command("migrate", database=name, interactive=False, verbosity=0)
        ensure_topics()
        call_command("seed", stdout=self.stdout)
