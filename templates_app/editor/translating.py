"""The matrix of translations: every type in every language at a glance, one click from each gap to its text."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from templates_app.editor.access import permitted
from templates_app.editor.fields import LABELS
from templates_app.models import NotificationType
from templates_app.translations import matrix


@permitted("view_notificationtype")
def translations(request: HttpRequest) -> HttpResponse:
    """All of them; `?lacking=1` only the types that lack something."""
    found = matrix()
    only = request.GET.get("lacking") == "1"
    rows = [row for row in found.rows if row.lacking or not only]
    context = {
        **admin.site.each_context(request),
        "opts": NotificationType._meta,
        "title": "Translations",
        "is_fullwidth": "1",
        "matrix": found,
        "rows": [(row, list(zip(found.locales, row.cells, strict=True))) for row in rows],
        "only": only,
        "labels": LABELS,
    }
    return render(request, "templates_app/editor/translations.html", context)
