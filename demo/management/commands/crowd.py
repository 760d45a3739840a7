"""`manage.py crowd`: sends thousands of events to the demo's crowd through the API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from demo import env_file
from demo.crowd import MIX, Generator, make_crowd
from foundation.command import PlatformCommand
from templates_app.models import NotificationType

PATH = "crowd.json"


class Command(PlatformCommand):
    """What the page's "send 20,000" runs."""

    help = "Sends COUNT events to a crowd of users made for it, through the running demo's API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=20_000)
        parser.add_argument("--rate", type=int, default=2_000, help="Events a second.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes the crowd if there is none, then sends."""
        known = env_file.read(settings.VAR / "demo.env")
        if "ADMIN_TOKEN" not in known:
            raise CommandError(f"no demo.env in {settings.VAR}: start the demo first (make demo)")
        make_crowd()
        types = NotificationType.objects.filter(name__in={kind for kind, _ in MIX})
        generator = Generator(
            api=known["API"],
            token=known["ADMIN_TOKEN"],
            path=settings.VAR / PATH,
            count=options["count"],
            rate=options["rate"],
        )
        told = generator.run(dict(types.values_list("name", "example")))
        self.stdout.write(f"{told.accepted} accepted, {told.refused} refused {told.trouble}".strip())
