"""The versions of a type's words, and any two of them side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from templates_app.comparing import compare as compare_words
from templates_app.drafts import draft_of, written
from templates_app.editor.access import may, page_context, permitted
from templates_app.editor.fields import LABELS
from templates_app.models import NotificationType
from templates_app.publish import published, words_of, written_of
from templates_app.words import Words

SHOWN = 100
DRAFT = "draft"


@permitted("view_notificationtype")
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Newest first, tests left out."""
    kind = get_object_or_404(NotificationType, pk=pk)
    context = {
        **page_context(request, kind, title=f"History of {kind.name}", tab="history"),
        "versions": kind.versions.filter(is_test=False)[:SHOWN],
        "draft": draft_of(kind),
        "may_publish": may(request, "publish_template"),
    }
    return render(request, "templates_app/editor/versions.html", context)


@permitted("view_notificationtype")
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`left` and `right`: numbers, or "draft". Without them the published version beside the draft."""
    kind = get_object_or_404(NotificationType, pk=pk)
    draft = draft_of(kind)
    numbers = [str(each.number) for each in kind.versions.filter(is_test=False)[:SHOWN]]
    choices = [DRAFT, *numbers] if draft else numbers
    left = request.GET.get("left") or str(kind.template_version)
    right = request.GET.get("right") or (DRAFT if draft else str(kind.template_version))
    context = {
        **page_context(request, kind, title=f"Compare {kind.name}", tab="compare"),
        "left": left,
        "right": right,
        "choices": choices,
        "changes": compare_words(_words(kind, left), _words(kind, right)),
        "labels": LABELS,
    }
    return render(request, "templates_app/editor/compare.html", context)


def _words(kind: NotificationType, which: str) -> list[Words]:
    if which == DRAFT:
        draft = draft_of(kind)
        return [written_of(row) for row in draft.texts.all()] if draft else written(published(kind))
    version = kind.versions.filter(number=int(which)).first() if which.isdigit() else None
    return written(words_of(row) for row in version.texts.all()) if version else []
