"""Receipts of erasures in the admin: looked up, never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from preferences.erasure import digest_of
from preferences.models import Erasure

COLOURS = {"nothing left": "success", "outstanding": "danger", "log forgetting": "warning"}


@admin.register(Erasure)
class ErasureAdmin(ModelAdmin):
    """A user id that is searched for is compared by its hash: a finished receipt doesn't hold it any more."""

    words_when_empty = "Nobody was erased. That begins on a user's page."
    list_display = ("receipt", "at", "by", "note", "shown_state", "gone_by", "finished_at")
    search_fields = ("receipt",)
    search_help_text = "A receipt's number, or the user id it was made for"
    date_hierarchy = "at"
    fields = (
        ("receipt", "shown_state"),
        ("at", "by"),
        "note",
        ("gone_by", "finished_at"),
        "removed",
        "kept",
        "outstanding",
    )
    readonly_fields = ("shown_state",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Erasure], search_term: str
    ) -> tuple[QuerySet[Erasure], bool]:
        found, distinct = super().get_search_results(request, queryset, search_term)
        return (found | queryset.filter(digest=digest_of(search_term)), distinct) if search_term else (found, distinct)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="State", label=COLOURS)
    def shown_state(self, row: Erasure) -> str:
        if row.finished_at:
            return "nothing left"
        return "outstanding" if row.outstanding else "log forgetting"
