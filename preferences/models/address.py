"""Addresses that nothing goes to: by wish or complaint (suppressed), or because they are dead (invalid)."""

from __future__ import annotations

from django.db import models

from preferences.channels import ALWAYS_ON
from preferences.masking import mask
from preferences.models.user import CHANNEL_CHOICES, User

# In-app has no address that could be unwanted.
SUPPRESSIBLE = [choice for choice in CHANNEL_CHOICES if choice[0] not in ALWAYS_ON]


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
    note = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text="Why, in words: a ticket, what a provider said.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["address", "channel"], name="one_suppression_an_address")]

    def __str__(self) -> str:
        return f"{mask(self.address)} ({self.get_channel_display()})"


class SuppressionChange(models.Model):
    """Who put an address on the list or took it off, when and why. Written by `suppression`, never changed."""

    class Action(models.TextChoices):
        ADDED = "added", "Added"
        REMOVED = "removed", "Removed"

    address = models.CharField(max_length=320, db_index=True)
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES)
    action = models.CharField(max_length=8, choices=Action.choices)
    reason = models.CharField(max_length=16, choices=Suppression.Reason.choices)
    note = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=150, help_text="A member of staff, a token's name, or a provider.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{mask(self.address)} {self.action}"


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
        return f"{mask(self.address)} ({self.get_channel_display()})"
