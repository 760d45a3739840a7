"""The due-time table: everything that waits for its time (design.md, "Deferred is one mechanism")."""

from __future__ import annotations

from django.db import models


class DueRow(models.Model):
    """A record that is to be put on `topic` at `due_at`. All times are ms since the epoch.

    A row that is done stays until the log's retention is over: a batch that is done again inserts the same identity
    and must not bring it back to life.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        CLAIMED = "claimed"
        RELEASED = "released"
        CANCELLED = "cancelled"

    identity = models.CharField(max_length=190, primary_key=True)
    notification_id = models.CharField(max_length=64, db_index=True)
    user = models.CharField(max_length=190)
    channel = models.CharField(max_length=16)
    lane = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    due_at = models.BigIntegerField()
    topic = models.CharField(max_length=64)
    key = models.CharField(max_length=190)
    value = models.BinaryField()
    repeat = models.BooleanField(default=False)
    trace = models.CharField(max_length=64, blank=True, default="", db_default="")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    owner = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.BigIntegerField(default=0)
    claimed_at = models.BigIntegerField(default=0, help_text="When it was first claimed: its time on its topic.")
    finished_at = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "lane", "due_at"], name="due_next"),
            models.Index(fields=["finished_at"], name="due_finished"),
        ]

    def __str__(self) -> str:
        return self.identity
