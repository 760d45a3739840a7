"""Static lists: users named one by one, from a file. A segment names a list as one of its conditions."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from preferences.models.user import User


class StaticList(models.Model):
    """A named list of users. Segments refer to it by `name`, so the name stays as it was given."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError for a name that can't be said in one line."""
        if self.name != self.name.strip():
            raise ValidationError({"name": "A name doesn't begin or end with a space."})


class StaticListMember(models.Model):
    """One user on one list."""

    list = models.ForeignKey(StaticList, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="lists")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "user"], name="once_on_a_list")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.list_id}"
