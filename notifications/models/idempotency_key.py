"""The durable side of Idempotency-Key: what Redis is asked for first, this answers after Redis was wiped."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """One remembered key: hashes of (token, key) and of the parsed body. Written by the router, in bulk."""

    key = models.CharField(max_length=32, primary_key=True)
    body = models.CharField(max_length=32)
    notification_id = models.CharField(max_length=40)
    accepted_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} → {self.notification_id}"
