"""Notification types: the rules of a kind of notification."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction

from templates_app.models.names import CatalogName
from templates_app.validators import validate_channels, validate_countries, validate_example

NAME = RegexValidator(r"^[a-z][a-z0-9_]*$", "small letters, digits and underscores, beginning with a letter")


class NotificationType(models.Model):
    """A kind of notification: its rules, and a pointer to the published version of its words."""

    class Priority(models.TextChoices):
        CRITICAL = "critical"
        HIGH = "high"
        NORMAL = "normal"
        LOW = "low"

    name = models.CharField(max_length=64, unique=True, validators=[NAME])
    category = models.CharField(max_length=64, db_index=True, validators=[NAME])
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NORMAL)
    channels = models.JSONField(
        default=list, validators=[validate_channels], help_text='Default channels, in order: ["in_app", "push"].'
    )
    description = models.TextField(blank=True)
    mandatory = models.BooleanField(default=False, help_text="Security: users can't turn it off.")
    marketing = models.BooleanField(default=False, help_text="Its email keeps quiet hours and the marketing limit.")
    two_factor = models.BooleanField("2FA", default=False, help_text="Its SMS counts towards the limit for 2FA.")
    fallback = models.BooleanField(default=True, help_text="High priority only: the next channel when one has failed.")
    dedupe_window_s = models.PositiveIntegerField(
        "dedupe window (s)", default=0, help_text="Same user and data within it is a duplicate; 0 is off."
    )
    expires_after_s = models.PositiveIntegerField("expires after (s)", default=0, help_text="0: never.")
    sms_countries = models.JSONField(
        "SMS countries",
        default=list,
        blank=True,
        validators=[validate_countries],
        help_text='ISO codes of the countries its SMS go to: ["DE", "AT"]. Empty: those of the setting SMS_COUNTRIES.',
    )
    default_locale = models.CharField(max_length=16, default="en", help_text="The last locale that is tried.")
    example = models.JSONField(
        default=dict, blank=True, validators=[validate_example], help_text="Data that previews are rendered with."
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    template_version = models.PositiveIntegerField("published version", default=0, editable=False)

    class Meta:
        ordering = ("category", "name")
        verbose_name = "notification type"

    def __str__(self) -> str:
        return self.name

    @property
    def needs_two(self) -> bool:
        """Whether its words need a second person: a security type, and one that may be about to become one or none."""
        return self.mandatory or self.two_factor or self.rule_changes.filter(approved_at=None).exists()

    def clean(self) -> None:
        """Refuses a name that a category has, and the other way round."""
        for field, own in (("name", CatalogName.TYPE), ("category", CatalogName.CATEGORY)):
            taken = CatalogName.objects.filter(name=getattr(self, field)).exclude(kind=own).first()
            if taken:
                raise ValidationError({field: f"{taken.name} is already the name of a {taken.kind}"})
        if self.name == self.category:
            raise ValidationError({"category": "a category can't have the name of its type"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves with the version raised by one. Raises ValidationError when a name is taken."""
        with transaction.atomic():
            CatalogName.claim(self.name, CatalogName.TYPE)
            CatalogName.claim(self.category, CatalogName.CATEGORY)
            self.version += 1
            super().save(*args, **kwargs)
