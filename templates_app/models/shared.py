"""HTML that emails share: layouts around a mail's content, and partials in it."""

from __future__ import annotations

from django.db import models

from templates_app.models.types import NAME


class SharedHtml(models.Model):
    """A layout or a partial, as Jinja2 source. Published words carry a copy of their own (`templates_app.sharing`)."""

    class Kind(models.TextChoices):
        LAYOUT = "layout"
        PARTIAL = "partial"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PARTIAL)
    name = models.CharField(max_length=48, validators=[NAME], help_text="Small letters, digits, underscores.")
    description = models.CharField(max_length=200, blank=True)
    source = models.TextField(
        "HTML",
        help_text="A layout is a whole document with &lt;!-- content --&gt; where a mail's own HTML goes. "
        'A partial is a piece that mails use as {% include "name" %}.',
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("kind", "name")
        verbose_name = "layout or partial"
        verbose_name_plural = "layouts and partials"
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="one_shared_html_a_name")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
