"""What the sandbox's providers received: the outbox."""

from __future__ import annotations

from django.db import models


class OutboxMessage(models.Model):
    """One send as a provider got it. `received` counts how often the same send id came: more than once is a double.

    `at` and `first_at` are ms since the epoch, of the last and the first time it came.
    """

    send_id = models.CharField(max_length=64, unique=True)
    notification_id = models.CharField(max_length=64, db_index=True)
    user = models.CharField(max_length=190, db_index=True)
    channel = models.CharField(max_length=16)
    provider = models.CharField(max_length=32)
    address = models.CharField(max_length=512)
    type = models.CharField(max_length=128)
    title = models.TextField(blank=True)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    action_url = models.TextField(blank=True)
    image = models.TextField(blank=True)
    attempt = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=1)
    first_at = models.BigIntegerField()
    at = models.BigIntegerField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.provider} {self.send_id}"
