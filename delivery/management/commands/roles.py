"""`manage.py roles`: writes docs/roles.md from the table of roles; `--apply` makes the groups what it says."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from delivery import roles, roles_page
from foundation.command import PlatformCommand


class Command(PlatformCommand):
    help = "Writes docs/roles.md from the table of roles; --apply makes the groups what it says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="make the groups instead of the page")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["apply"]:
            roles.apply()
        else:
            roles_page.PAGE.write_text(roles_page.page())
