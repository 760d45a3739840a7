"""Named sets of users that broadcasts go to."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models


def _valid_condition(value: object) -> None:
    from foundation.errors import InvalidRequest
    from preferences.segments import parse_condition

    try:
        parse_condition(value)
    except InvalidRequest as error:
        raise ValidationError(error.detail) from error


class Segment(models.Model):
    """Users who meet a condition (`preferences.segments.Condition` as JSON); `{}` is everybody who isn't erased."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    condition = models.JSONField(default=dict, blank=True, validators=[_valid_condition])
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
