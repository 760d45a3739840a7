"""Addresses of the editor, below a type's page in the admin."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from templates_app.editor import history, live, page, publishing, rules, texts, translating, trying

TEXT = "<int:pk>/words/<slug:channel>/<slug:locale>/"


def urls(site: AdminSite) -> list[URLPattern]:
    """All of them, each behind the admin's login."""
    views = {
        "<int:pk>/words/": (page.first, "words"),
        "<int:pk>/words/<slug:channel>/add-language/": (texts.add, "words_add"),
        "<int:pk>/words/<slug:channel>/test/": (trying.send, "words_test"),
        TEXT: (page.page, "words_text"),
        f"{TEXT}live/": (live.live, "words_live"),
        f"{TEXT}remove/": (texts.remove, "words_remove"),
        "<int:pk>/events/": (trying.events, "events"),
        "translations/": (translating.translations, "translations"),
        "<int:pk>/draft/discard/": (texts.discard, "draft_discard"),
        "<int:pk>/draft/update/": (texts.bring_up_to_date, "draft_update"),
        "<int:pk>/draft/take-back/": (texts.take_back, "draft_take_back"),
        "<int:pk>/draft/publish/": (publishing.publish, "draft_publish"),
        "<int:pk>/draft/approve/": (publishing.approve, "draft_approve"),
        "<int:pk>/rules/approve/": (rules.approve, "rules_approve"),
        "<int:pk>/rules/take-back/": (rules.take_back, "rules_take_back"),
        "<int:pk>/versions/": (history.versions, "versions"),
        "<int:pk>/versions/<int:number>/bring-back/": (publishing.roll_back, "roll_back"),
        "<int:pk>/compare/": (history.compare, "compare"),
    }
    return [path(route, site.admin_view(view), name=f"templates_app_{name}") for route, (view, name) in views.items()]
