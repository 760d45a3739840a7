"""The variables of a type: what its events bring, with kinds, examples, and which are required."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from templates_app.models.types import NotificationType
from templates_app.variables.kinds import KINDS, PATH, refuse_example


class Variable(models.Model):
    """One variable. `path` is its name, `address.city` a field of an object, `items[].price` one of each element."""

    type = models.ForeignKey(NotificationType, on_delete=models.CASCADE, related_name="variables")
    path = models.CharField(
        "name", max_length=128, validators=[PATH], help_text="order_id; a list's elements: items[].price"
    )
    kind = models.CharField(max_length=8, choices=[(kind.name, kind.label) for kind in KINDS.values()], default="text")
    required = models.BooleanField(default=True)
    example = models.JSONField(null=True, blank=True)
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["type", "path"], name="one_variable_a_path")]

    def __str__(self) -> str:
        return self.path

    def clean(self) -> None:
        """Refuses an example that isn't of the kind."""
        if self.example is not None:
            try:
                refuse_example(self.example, self.kind)
            except ValueError as error:
                raise ValidationError({"example": str(error)}) from None
