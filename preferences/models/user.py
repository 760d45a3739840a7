"""A user, their devices, and what they chose."""

from __future__ import annotations

from django.db import models

from preferences.channels import LABELS
from preferences.contact_points import device_id_of

PLATFORMS = {"apns": "Apple (APNs)", "fcm": "Android (FCM)", "web": "Browser (web push)"}
CHANNEL_CHOICES = list(LABELS.items())


class User(models.Model):
    """Somebody who is notified. `user_id` is the name other services know; the primary key is the numeric key.

    `quiet_hours` is null or `{"start": "22:00", "end": "07:00", "days": [1, …, 7]}`. An erased user keeps the row,
    emptied, until the log has forgotten (`preferences.models.Erasure`): it is the list that routing honours.
    """

    user_id = models.CharField(max_length=128, unique=True)
    locale = models.CharField(max_length=35, blank=True, help_text="BCP 47, for example en or de-AT.")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name, for example Europe/Berlin.")
    email = models.CharField(max_length=254, blank=True, db_index=True)
    phone = models.CharField(max_length=16, blank=True, db_index=True, help_text="E.164, for example +4915112345678.")
    attributes = models.JSONField(default=dict, blank=True, help_text="Free facts, for segments and templates.")
    quiet_hours = models.JSONField(
        null=True, blank=True, help_text='{"start": "22:00", "end": "07:00", "days": [1, 2]}'
    )
    last_active = models.DateTimeField(null=True, blank=True, db_index=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("see_addresses", "Can see whole addresses (else they are masked)"),
            ("import_users", "Can import users from a file"),
            ("export_user", "Can export all that is known of a user"),
            ("erase_user", "Can erase a user"),
        ]

    def __str__(self) -> str:
        return self.user_id


class Device(models.Model):
    """A push token. `device_id` is computed from the token, so a token is there once, whoever registers it."""

    device_id = models.CharField(max_length=40, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token = models.TextField()
    platform = models.CharField(max_length=8, choices=list(PLATFORMS.items()))
    name = models.CharField(max_length=100, blank=True, help_text="What its owner calls it.")
    registered_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name or f"{self.get_platform_display()} {self.device_id}"

    def save(self, *args: object, **kwargs: object) -> None:
        self.device_id = device_id_of(self.token)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class PreferenceRow(models.Model):
    """A cell somebody set. Cells without a row follow the default (contract §4)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="preference_rows")
    scope = models.CharField(max_length=100, help_text="A notification type, a category, or * for everything.")
    channel = models.CharField(max_length=16, choices=[*CHANNEL_CHOICES, ("*", "every channel")])
    enabled = models.BooleanField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["scope", "channel"]
        verbose_name = "preference"
        constraints = [models.UniqueConstraint(fields=["user", "scope", "channel"], name="one_row_a_cell")]

    def __str__(self) -> str:
        return f"{self.scope}/{self.channel}: {'on' if self.enabled else 'off'}"
