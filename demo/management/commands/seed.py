"""`manage.py seed`: the demo's company and its credentials."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from demo import credentials, env_file
from demo.seeding import seed_company
from demo.staff import seed_staff
from demo.town import make_town
from foundation.command import PlatformCommand


class Command(PlatformCommand):
    """Can be run again at any time: what is there stays, what is missing is added, the user token is renewed."""

    help = "Seeds a small company: types, templates, users, segments, tokens, staff; writes VAR/demo.env (mode 0600)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seeds, then writes the file."""
        seed_company()
        make_town()
        path = settings.VAR / "demo.env"
        values = credentials.renew(env_file.read(path))
        seed_staff(values["ADMIN_PASSWORD"])
        env_file.write(path, values)
        self.stdout.write(f"seeded; credentials in {path}")
