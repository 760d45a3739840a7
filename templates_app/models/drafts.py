"""The working copy of a type's words, beside the published version."""

from __future__ import annotations

from django.db import models

from templates_app.models.texts import TextFields
from templates_app.models.types import NotificationType


class Draft(models.Model):
    """All texts of a type as they are being written; there is one at most. `templates_app.drafts` changes it.

    `base` is the version it was begun from. Proposed: it waits for its time (`publish_at`) or for a second person
    (security types), and nobody edits it until it is taken back. `problem`: why it wasn't published at its time.
    """

    type = models.OneToOneField(NotificationType, on_delete=models.CASCADE, related_name="draft")
    base = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    proposed_by = models.CharField(max_length=150, blank=True)
    proposed_at = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(null=True, blank=True, db_index=True)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = (
            ("publish_template", "Can publish words, schedule them and bring old ones back"),
            ("approve_template", "Can approve the words and rules of security types"),
            ("test_template", "Can send a draft to themselves"),
            ("see_events", "Can look at past events' data in the editor"),
        )

    def __str__(self) -> str:
        return f"draft of {self.type.name}"

    @property
    def is_proposed(self) -> bool:
        """Whether it is closed to editing."""
        return bool(self.proposed_by)

    @property
    def waits_for_approval(self) -> bool:
        """Whether a second person has to look at it."""
        return self.is_proposed and not self.approved_by and self.type.needs_two


class DraftText(TextFields):
    """One text of a draft. `revision` counts its changes, so that nobody writes over another's unseen."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="texts", editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ("draft", "channel", "locale")
        constraints = [
            models.UniqueConstraint(fields=["draft", "channel", "locale"], name="one_draft_text_a_channel_locale")
        ]

    def __str__(self) -> str:
        return f"{self.draft.type.name} · {self.channel} · {self.locale} (draft)"
