"""What one text looks like to its reader, and what may be wrong with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from templates_app.content import Content
from templates_app.lint.finding import Finding
from templates_app.lint.whole import Surroundings, lint
from templates_app.models import NotificationType
from templates_app.sharing import freeze
from templates_app.sms_segments import Segments, segments
from templates_app.variables.rows import declared
from templates_app.words import Words

THOUSAND = 1_000
UNDER_MAIL = "templates_app/editor/under_email.html"


class Look(msgspec.Struct, frozen=True):
    """`preview` and `under` are HTML for the page, `mail` a document for sandboxed frames (both "" but for mails)."""

    content: Content
    findings: list[Finding]
    preview: str
    mail: str
    under: str


def look(kind: NotificationType, words: Words, texts: list[Words], data: dict[str, Any]) -> Look:
    """`words` as they are written, among the type's `texts`, on `data`."""
    frozen, *others = freeze([words, *texts])
    content, findings = lint(frozen, data, surroundings(kind, others))
    context = _context(kind, words, content)
    preview = render_to_string(f"templates_app/editor/preview_{words.channel}.html", context)
    if words.channel != "email":
        return Look(content, findings, preview, "", "")
    return Look(content, findings, preview, content.html, render_to_string(UNDER_MAIL, context))


def surroundings(kind: NotificationType, frozen: list[Words]) -> Surroundings:
    """What the type's texts are looked at with."""
    return Surroundings(
        type_name=kind.name,
        default_locale=kind.default_locale,
        marketing=kind.marketing,
        variables=declared(kind.variables.all()),
        texts=frozen,
    )


def example_of(kind: NotificationType) -> dict[str, Any]:
    """The data of the type's example event."""
    example: dict[str, Any] = kind.example
    return example


def _context(kind: NotificationType, words: Words, content: Content) -> dict[str, Any]:
    context: dict[str, Any] = {
        "kind": kind,
        "content": content,
        "brand": settings.TEMPLATE_BRAND,
        "now": timezone.now(),
    }
    if words.channel == "sms":
        context |= _cost(segments(content.body))
    return context


def _cost(its: Segments) -> dict[str, Any]:
    price, currency = settings.SMS_SEGMENT_PRICE
    return {
        "segments": its,
        "currency": currency,
        "cost": its.cost(Decimal(price)),
        "cost_of_many": its.cost(Decimal(price)) * THOUSAND,
    }
