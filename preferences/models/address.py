"""Addresses that nothing goes to: by wish or complaint (suppressed), or because they are dead (invalid)."""

from __future__ import annotations

from django.db import models

from preferences.models.user import CHANNEL_CHOICES, User


class Suppression(models.Model):
    """An address nobody may be reached at, whoever it belongs to. Holds for mandatory types as well."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", "Hard bounce"
        COMPLAINT = "complaint", "Complaint"
        STOP = "stop", "STOP by SMS"
        MANUAL = "manual", "By hand"

    address = models.CharField(max_length=320)
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES)
    reason = models.CharField(max_length=16, choices=Reason.choices, default=Reason.MANUAL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["address", "channel"], name="one_suppression_an_address")]

    def __str__(self) -> str:
        return f"{self.address} ({self.get_channel_display()})"


class InvalidAddress(models.Model):
    """An email address or phone number of a user that a provider reported as dead. Dead push tokens are deleted."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invalid_addresses")
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES)
    address = models.CharField(max_length=320)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "invalid addresses"
        constraints = [models.UniqueConstraint(fields=["user", "channel", "address"], name="one_mark_an_address")]

    def __str__(self) -> str:
        return f"{self.address} ({self.get_channel_display()})"
