"""Static lists in the admin: filled from a file, looked at, emptied by deleting."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from preferences.models import StaticList
from preferences.segments import references


@admin.register(StaticList)
class StaticListAdmin(ModelAdmin):
    """Named lists. Segments know one by its name, which stays."""

    words_when_empty = "No list yet: users chosen one by one or from a file, to be used in segments."
    list_display = ("name", "description", "count", "updated_at")
    search_fields = ("name", "description")
    fields = ("name", "description", "used_by")
    actions_detail = ("fill",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaticList]:
        return super().get_queryset(request).annotate(size=Count("members"))

    def get_readonly_fields(self, request: HttpRequest, obj: StaticList | None = None) -> tuple[str, ...]:
        return ("used_by", "name") if obj else ("used_by",)

    def has_delete_permission(self, request: HttpRequest, obj: StaticList | None = None) -> bool:
        """What a segment is made of stays."""
        used = obj is not None and bool(references.users_of(static_list=obj.name))
        return super().has_delete_permission(request, obj) and not used

    def has_fill_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Filling registers nobody: it asks for no more than changing the list."""
        return bool(request.user.has_perm("preferences.change_staticlist"))

    @display(description="Users", ordering="size")
    def count(self, row: Any) -> str:
        return f"{row.size:,}"

    @display(description="Used by")
    def used_by(self, row: StaticList) -> str:
        return ", ".join(references.users_of(static_list=row.name)) or "no segment"

    @action(description="Add users from a file", url_path="fill", permissions=["fill"])
    def fill(self, request: HttpRequest, object_id: int) -> HttpResponseRedirect:
        return HttpResponseRedirect(f"{reverse('admin:preferences_peopleimport_add')}?list={object_id}")
