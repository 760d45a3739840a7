"""What a draft's text and a published one have in common: the words of one channel in one locale."""

from __future__ import annotations

import re

from django.core.validators import RegexValidator
from django.db import models

CHANNELS = (("in_app", "In-app"), ("push", "Push"), ("email", "Email"), ("sms", "SMS"))
_LOCALE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
LOCALE = RegexValidator(_LOCALE, "a locale such as en, de or de-AT")


def is_locale(text: str) -> bool:
    """Whether `text` is written as a locale is."""
    return re.match(_LOCALE, text) is not None


class TextFields(models.Model):
    """Jinja2 sources, field by field."""

    WRITTEN = ("title", "body", "html", "action_url", "image", "data_template", "layout")
    """What an author writes."""

    channel = models.CharField(max_length=8, choices=CHANNELS)
    locale = models.CharField(max_length=16, default="en", help_text="en, de, de-AT …", validators=[LOCALE])
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
    layout = models.CharField(
        max_length=64, blank=True, default="", help_text="Email only: a shared layout's name. Empty: the built-in one."
    )

    class Meta:
        abstract = True
