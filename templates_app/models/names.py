"""Who a name belongs to: types and categories share one namespace."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models


class CatalogName(models.Model):
    """Every name of a type or a category: one namespace, since a preference's scope may be either."""

    TYPE, CATEGORY = "type", "category"

    name = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=8)

    @classmethod
    def claim(cls, name: str, kind: str) -> None:
        """Takes `name` for `kind`. Raises ValidationError when it is taken for the other."""
        row, _ = cls.objects.get_or_create(name=name, defaults={"kind": kind})
        if row.kind != kind:
            field = "name" if kind == cls.TYPE else "category"
            raise ValidationError({field: f"{name} is already the name of a {row.kind}"})
