"""Publishing a draft: what changes, what may be wrong, when; a second person's approval; the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from foundation.errors import Conflict
from templates_app import publishing
from templates_app.comparing import compare
from templates_app.drafts import draft_of, written
from templates_app.editor.access import page_context, permitted, told
from templates_app.editor.fields import LABELS
from templates_app.editor.looking import example_of, surroundings
from templates_app.editor.page import address, state
from templates_app.lint.finding import ERROR, Finding
from templates_app.lint.whole import lint
from templates_app.models import Draft, NotificationType, TemplateVersion
from templates_app.publish import published, written_of
from templates_app.sharing import freeze


class Looked(msgspec.Struct, frozen=True):
    """What was found in one text."""

    label: str
    locale: str
    url: str
    findings: list[Finding]


@permitted("publish_template")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """What will happen (GET), and doing it (POST: note, when, at)."""
    kind = get_object_or_404(NotificationType, pk=pk)
    draft = draft_of(kind)
    if request.method == "POST":
        return told(request, lambda: _propose(request, kind), _words_of(kind))
    if draft is None or draft.is_proposed:
        return redirect(_words_of(kind))
    looked = _looked(kind, draft)
    context = {
        **page_context(request, kind, title=f"Publish {kind.name}"),
        "state": state(request, kind, draft),
        "changes": compare(written(published(kind)), [written_of(row) for row in draft.texts.all()]),
        "looked": [each for each in looked if each.findings],
        "errors": sum(found.level == ERROR for each in looked for found in each.findings),
        "labels": LABELS,
        "next_number": _next(kind),
    }
    return render(request, "templates_app/editor/publish.html", context)


@require_POST
@permitted("approve_template")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """A second person's yes."""
    kind = get_object_or_404(NotificationType, pk=pk)
    return told(request, lambda: _said(publishing.approve(kind, by=request.user.get_username())), _words_of(kind))


@permitted("publish_template")
def roll_back(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Old words as a new version: what will change (GET), and doing it (POST)."""
    kind = get_object_or_404(NotificationType, pk=pk)
    version = get_object_or_404(TemplateVersion, type=kind, number=number, is_test=False)
    if request.method == "POST":
        by = request.user.get_username()
        return told(request, lambda: _said(publishing.roll_back(kind, number, by=by)), _history_of(kind))
    old = [written_of(row) for row in version.texts.all()]
    context = {
        **page_context(request, kind, title=f"Bring back version {number} of {kind.name}"),
        "version": version,
        "changes": compare(written(published(kind)), old),
        "next_number": _next(kind),
        "draft": draft_of(kind),
    }
    return render(request, "templates_app/editor/roll_back.html", context)


def _propose(request: HttpRequest, kind: NotificationType) -> str:
    at = _time(request.POST.get("at", "")) if request.POST.get("when") == "at" else None
    note = request.POST.get("note", "").strip()
    return _said(publishing.propose(kind, by=request.user.get_username(), note=note, publish_at=at))


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Conflict("When should it be published?", remedy="Give a date and a time.") from None
    if at <= timezone.now():
        raise Conflict("That time has passed.", remedy="Give a later one, or publish now.")
    return at


def _said(done: publishing.Done) -> str:
    if isinstance(done, Draft):
        if done.waits_for_approval:
            return "Proposed. Somebody else has to approve it, since this is a security type."
        return f"It will be published at {done.publish_at:%Y-%m-%d %H:%M} UTC."
    return f"Published as version {done.number}. What is in flight keeps the version it was accepted under."


def _looked(kind: NotificationType, draft: Draft) -> list[Looked]:
    texts = freeze([written_of(row) for row in draft.texts.all()])
    around, data = surroundings(kind, texts), example_of(kind)
    return [
        Looked(LABELS[each.channel], each.locale, address(kind, each.channel, each.locale), lint(each, data, around)[1])
        for each in texts
    ]


def _next(kind: NotificationType) -> Any:
    highest = kind.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return max(highest, kind.template_version) + 1


def _words_of(kind: NotificationType) -> str:
    return reverse("admin:templates_app_words", args=[kind.pk])


def _history_of(kind: NotificationType) -> str:
    return reverse("admin:templates_app_versions", args=[kind.pk])
