"""Variables between their rows and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from templates_app.variables.kinds import Declared
from templates_app.variables.schema import examples

if TYPE_CHECKING:
    from templates_app.models import NotificationType, Variable


def declared(rows: Iterable[Variable]) -> list[Declared]:
    """The rows as plain values, in their order."""
    return [Declared(row.path, row.kind, row.required, row.example, row.description) for row in rows]


def set_variables(kind: NotificationType, variables: Sequence[Declared]) -> None:
    """Makes these the type's variables, and their examples its example. Unchanged ones stay the rows they are."""
    from templates_app.models import Variable

    with transaction.atomic():
        if declared(kind.variables.all()) != list(variables):
            kind.variables.all().delete()
            for each in variables:
                row = Variable(
                    type=kind,
                    path=each.path,
                    kind=each.kind,
                    required=each.required,
                    example=each.example,
                    description=each.description,
                )
                row.full_clean(exclude=("type",))
                row.save()
        note_examples(kind)


def note_examples(kind: NotificationType) -> None:
    """Keeps the type's example in step with its variables'."""
    example = examples(declared(kind.variables.all()))
    if example and example != kind.example:
        kind.example = example
        kind.save()
