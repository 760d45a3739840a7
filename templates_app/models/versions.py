"""Published words: a version holds all texts of its type, and is never changed."""

from __future__ import annotations

from django.db import models

from templates_app.models.texts import TextFields
from templates_app.models.types import NotificationType


class TemplateVersion(models.Model):
    """A set of texts of one type. Never changed: new words are a new number.

    `is_test`: made to send a draft to its author; it never was what everybody gets.
    """

    type = models.ForeignKey(NotificationType, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(auto_now_add=True)
    author = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=200, blank=True)
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True, blank=True)
    is_test = models.BooleanField(default=False)

    class Meta:
        ordering = ("type", "-number")
        constraints = [models.UniqueConstraint(fields=["type", "number"], name="one_number_a_type")]

    def __str__(self) -> str:
        return f"{self.type.name} version {self.number}"


class TemplateText(TextFields):
    """The words of one version for one channel in one locale.

    `shared` holds the layout and the partials as they were when this was published: an old version looks as it did.
    `changed_in` is the number of the version in which these words were last changed.
    """

    WORDS = (*TextFields.WRITTEN, "shared")

    version = models.ForeignKey(TemplateVersion, on_delete=models.CASCADE, related_name="texts", editable=False)
    shared = models.JSONField(default=dict, blank=True, editable=False)
    changed_in = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ("version", "channel", "locale")
        verbose_name = "template"
        constraints = [
            models.UniqueConstraint(fields=["version", "channel", "locale"], name="one_text_a_version_channel_locale")
        ]

    def __str__(self) -> str:
        return f"{self.version.type.name} · {self.channel} · {self.locale}"
