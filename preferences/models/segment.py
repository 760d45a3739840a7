"""Named sets of users that broadcasts go to."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models


def _valid_condition(value: object) -> None:
    from foundation.errors import InvalidRequest
    from preferences.segments.conditions import parse_condition

    try:
        parse_condition(value)
    except InvalidRequest as error:
        raise ValidationError(error.detail) from error


class Segment(models.Model):
    """Users who meet a condition (`preferences.segments.conditions` as JSON); `{}` is everybody who isn't erased.

    Broadcasts and other segments refer to it by `name`, so the name stays as it was given.
    """

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    condition = models.JSONField(default=dict, blank=True, validators=[_valid_condition])
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError for references that lead nowhere, or back to itself."""
        from foundation.errors import InvalidRequest
        from preferences.segments import conditions, references

        try:
            node = conditions.parse_condition(self.condition or {})
            references.check_no_cycle(self.name, node, references.resolved(node).segments)
        except InvalidRequest as error:
            raise ValidationError({"condition": f"{error.detail} {error.remedy or ''}".strip()}) from error
