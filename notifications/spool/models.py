"""What spools say of themselves, for those who can't see their folder."""

from __future__ import annotations

from django.db import models


class SpoolReport(models.Model):
    """A spool that holds lines, as of `seen_at` (ms). One that is empty has no row."""

    name = models.CharField(max_length=190, primary_key=True)
    node = models.CharField(max_length=190)
    lines = models.IntegerField()
    undone = models.IntegerField()
    oldest = models.BigIntegerField()
    seen_at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.name
