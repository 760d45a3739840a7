"""Reading and removing many rows in bounded memory and short statements, on every engine.

Django's `iterator()` streams on SQLite; on MySQL the whole answer comes first. Here each statement takes a chunk and
the next goes on behind its last row, along columns that an index is ordered by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from foundation.control_plane import control_plane

ROWS_A_STATEMENT = 2_000
ROWS_A_REMOVAL = 1_000


def streamed(
    rows: QuerySet[Any], *columns: str, along: Sequence[str] = ("pk",), chunk: int = ROWS_A_STATEMENT
) -> Iterator[tuple[Any, ...]]:
    """`columns` of all `rows`, ordered by `along`, whose last must be unique. Raises ControlPlaneUnavailable.

    What changes meanwhile is met as it is then, or not at all; nothing that stays is missed.
    """
    ordered = rows.order_by(*along).values_list(*along, *columns)
    page = ordered
    while True:
        with control_plane():
            found = list(page[:chunk])
        yield from (row[len(along) :] for row in found)
        if len(found) < chunk:
            return
        page = ordered.filter(_behind(along, found[-1]))


def remove(rows: QuerySet[Any], *, at_once: int = ROWS_A_REMOVAL) -> int:
    """Deletes `rows` in short statements; how many. Raises ControlPlaneUnavailable: what is done stays done."""
    removed = 0
    while True:
        with control_plane():
            keys = list(rows.order_by().values_list("pk", flat=True)[:at_once])
            removed += rows.model._base_manager.filter(pk__in=keys).delete()[0] if keys else 0
        if len(keys) < at_once:
            return removed


def _behind(along: Sequence[str], last: Sequence[Any]) -> Q:
    """Rows after `last`: later in the first column, or equal in it and later in the second, and so on."""
    first, *rest = along
    behind = Q(**{f"{first}__gt": last[0]})
    return behind | (Q(**{first: last[0]}) & _behind(rest, last[1:])) if rest else behind
