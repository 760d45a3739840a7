"""Tokens of services and admins. The secret itself is shown once and never stored."""

from __future__ import annotations

from django.db import models


class ServiceToken(models.Model):
    """One credential. `digest`: SHA-256 of a 256-bit random secret (nothing to guess, so no slow hash is needed)."""

    class Kind(models.TextChoices):
        SERVICE = "service"
        ADMIN = "admin"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SERVICE)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=16, editable=False, help_text="The secret's beginning, to recognise it by.")
    scopes = models.JSONField(default=list)
    types = models.JSONField(default=list, blank=True, help_text="Notification types it may send; empty: all.")
    rate = models.PositiveIntegerField(default=0, help_text="Notifications a second; 0: no limit.")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        permissions = (("issue_token", "Can make and revoke tokens"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
