"""`manage.py` commands of ours."""

from __future__ import annotations

from django.core.management.base import BaseCommand


class PlatformCommand(BaseCommand):
    """A command that begins at once. Django's checks read every page of the admin, which costs most commands and every
    process more than all the rest of their start: `manage.py migrate` and `manage.py check` make them, once.
    """

    requires_system_checks: list[str] = []
