"""Erasures: what was asked, what was removed, and the day by which nothing is left."""

from __future__ import annotations

from django.db import models


class Erasure(models.Model):
    """The receipt of one erasure. While the log may still hold something, the user's row, emptied, is the entry of the
    erasure list that routing and replay honour; at `gone_by` a last look round removes that too, and `user_id` here.

    `digest` is a keyed hash of the user id: whoever comes with the id can be shown the receipt, nobody can read the id
    out of it. `outstanding` are the places that couldn't be reached yet, `next_at` is when all are looked at again.
    """

    receipt = models.CharField(max_length=40, unique=True)
    digest = models.CharField(max_length=64, db_index=True)
    user_id = models.CharField(max_length=128, blank=True)
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    gone_by = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    removed = models.JSONField(default=dict)
    kept = models.JSONField(default=dict)
    outstanding = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.receipt
