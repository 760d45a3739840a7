"""Notification types and the versioned words that go with them.

What a template says changes only by a new version: what was accepted keeps the words it was accepted under
(contract §3, "type and template versions as of acceptance"). `templates_app.publish` makes versions.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction

from templates_app.validators import validate_channels, validate_countries, validate_example

NAME = RegexValidator(r"^[a-z][a-z0-9_]*$", "small letters, digits and underscores, beginning with a letter")
CHANNELS = (("in_app", "In-app"), ("push", "Push"), ("email", "Email"), ("sms", "SMS"))


class CatalogName(models.Model):
    """Every name of a type or a category: one namespace, since a preference's scope may be either."""

    TYPE, CATEGORY = "type", "category"

    name = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=8)

    @classmethod
    def claim(cls, name: str, kind: str) -> None:
        """Takes `name` for `kind`. Raises ValidationError when it is taken for the other."""
        row, _ = cls.objects.get_or_create(name=name, defaults={"kind": kind})
        if row.kind != kind:
            field = "name" if kind == cls.TYPE else "category"
            raise ValidationError({field: f"{name} is already the name of a {row.kind}"})


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


class TemplateVersion(models.Model):
    """A published set of texts of one type. Never changed: new words are a new number."""

    type = models.ForeignKey(NotificationType, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(auto_now_add=True)
    author = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("type", "-number")
        constraints = [models.UniqueConstraint(fields=["type", "number"], name="one_number_a_type")]

    def __str__(self) -> str:
        return f"{self.type.name} version {self.number}"


class TemplateText(models.Model):
    """The words of one version for one channel in one locale, as Jinja2 sources."""

    WORDS = ("title", "body", "html", "action_url", "image", "data_template")

    version = models.ForeignKey(TemplateVersion, on_delete=models.CASCADE, related_name="texts", editable=False)
    channel = models.CharField(max_length=8, choices=CHANNELS)
    locale = models.CharField(max_length=16, default="en", help_text="en, de, de-AT …")
    title = models.TextField(blank=True, help_text="Email: the subject. SMS has none.")
    body = models.TextField(blank=True, help_text="Email: the text part.")
    html = models.TextField("HTML", blank=True, help_text="Email only. A fragment is put into the shared layout.")
    action_url = models.TextField("action URL", blank=True, help_text="https://… or a path such as /orders/7.")
    image = models.TextField(blank=True, help_text="https://… or a path.")
    data_template = models.JSONField(
        "data",
        default=dict,
        blank=True,
        help_text='What the inbox gets as data: {"order_id": "{{ order_id }}"}. Nothing else of the event reaches it.',
    )

    class Meta:
        ordering = ("version", "channel", "locale")
        verbose_name = "template"
        constraints = [
            models.UniqueConstraint(fields=["version", "channel", "locale"], name="one_text_a_version_channel_locale")
        ]

    def __str__(self) -> str:
        return f"{self.version.type.name} · {self.channel} · {self.locale}"
