"""Spools of other machines: each tells the control plane while it holds lines (docs/decisions/0014).

With SQL away nothing is told; then only the machine itself knows of its spool, as it does of one whose process died
before it could say a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError, InterfaceError

from foundation.errors import ControlPlaneUnavailable
from notifications.spool.file import Standing
from notifications.spool.models import SpoolReport

SILENT_MS = 30_000  # who hasn't said anything for this long doesn't run


def say(name: str, node: str, standing: Standing, *, now: int) -> None:
    """How the spool `name` stands at `now` (ms). Raises ControlPlaneUnavailable."""
    try:
        if not standing.rows:
            SpoolReport.objects.filter(pk=name).delete()
            return
        told = {"node": node, "lines": standing.rows, "undone": standing.undone}
        SpoolReport.objects.update_or_create(name=name, defaults={**told, "oldest": standing.oldest, "seen_at": now})
    except (DatabaseError, InterfaceError) as error:
        raise ControlPlaneUnavailable(f"the spool can't be told of: {error}") from error


def told(*, besides: Sequence[str]) -> list[SpoolReport]:
    """All spools that said they hold lines, without those in `besides`. Raises ControlPlaneUnavailable."""
    try:
        return list(SpoolReport.objects.exclude(pk__in=besides).order_by("pk"))
    except (DatabaseError, InterfaceError) as error:
        raise ControlPlaneUnavailable(f"other machines' spools can't be asked for: {error}") from error
