"""Segments and static lists in the admin: built by clicking, with count and sample at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from foundation.errors import PlatformError, Refused
from preferences import segments
from preferences.masking import mask
from preferences.models import Segment, User
from preferences.segments import parse_condition, references, walking
from preferences.segments.builder import ConditionField, drawn
from preferences.segments.drafts import changed, condition, read
from preferences.segments.words import in_words

SAMPLE = 10
NOTHING = "–"


class SegmentForm(forms.ModelForm):
    """A segment; its condition is built by clicking."""

    condition = ConditionField(label="Who belongs to it", required=False)

    class Meta:
        model = Segment
        fields = ("name", "description", "condition")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial["condition"] = None


@admin.register(Segment)
class SegmentAdmin(ModelAdmin):
    words_when_empty = "No segment yet: conditions on users, counted while you build them."
    form = SegmentForm
    list_display = ("name", "description", "said", "members", "updated_at")
    search_fields = ("name", "description")

    def get_fields(self, request: HttpRequest, obj: Segment | None = None) -> tuple[str, ...]:
        """Who may not change it reads its condition in words."""
        may = self.has_change_permission(request, obj) if obj else True
        return ("name", "description", "condition" if may else "said", *(("used_by",) if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: Segment | None = None) -> tuple[str, ...]:
        """Broadcasts and other segments know it by its name, which stays."""
        return ("said", "used_by", *(("name",) if obj else ()))

    @display(description="Who belongs to it")
    def said(self, segment: Segment) -> str:
        return in_words(parse_condition(segment.condition or {}))

    @display(description="Used by")
    def used_by(self, segment: Segment) -> str:
        return ", ".join(references.users_of(segment=segment.name)) or "no other segment"

    @display(description="Members now")
    def members(self, segment: Segment) -> SafeString:
        """Asked for when the row is seen: a count over a million users must not hold up the page."""
        return format_html(
            '<span hx-get="{}/count/" hx-trigger="revealed" hx-swap="innerHTML" title="exact">…</span>', segment.pk
        )

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        """`all_active_users` is what broadcasts count on; what others are made of stays too."""
        if obj is not None and (obj.name == segments.ALL_ACTIVE_USERS or references.users_of(segment=obj.name)):
            return False
        return super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("build/", wrap(self.build), name="preferences_segment_build"),
            path("preview/", wrap(self.preview), name="preferences_segment_preview"),
            path("count/", wrap(self.count_draft), name="preferences_segment_count"),
            path("<int:key>/count/", wrap(self.count), name="preferences_segment_members"),
            *super().get_urls(),
        ]

    def build(self, request: HttpRequest) -> HttpResponse:
        """The builder drawn anew after a click."""
        self._may_look(request)
        return HttpResponse(drawn(changed(read(request.POST), request.POST.get("act", ""))))

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The condition in words and the first who meet it."""
        self._may_look(request)
        try:
            node = condition(read(request.POST))
            keys = [member.key for member in walking.first(node, limit=SAMPLE)]
        except PlatformError as error:
            return render(request, "preferences/segment/preview.html", {"problem": _words(error)})
        users = User.objects.filter(pk__in=keys).order_by("pk")
        whole = request.user.has_perm("preferences.see_addresses")
        sample = [_row(user, whole) for user in users]
        return render(request, "preferences/segment/preview.html", {"words": in_words(node), "sample": sample})

    def count_draft(self, request: HttpRequest) -> HttpResponse:
        """How many meet what is being built, exactly."""
        self._may_look(request)
        try:
            return _counted(walking.counted(condition(read(request.POST))))
        except PlatformError as error:
            return HttpResponse(format_html('<span class="np-problem">{}</span>', _words(error)))

    def count(self, request: HttpRequest, key: int) -> HttpResponse:
        """How many belong to a segment of the list."""
        self._may_look(request)
        name = Segment.objects.values_list("name", flat=True).get(pk=key)
        try:
            return HttpResponse(f"{segments.size(name):,}")
        except PlatformError as error:
            return HttpResponse(format_html('<span title="{}">?</span>', _words(error)))

    def _may_look(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied


def _counted(count: int) -> HttpResponse:
    return HttpResponse(format_html("<strong>{}</strong> user{} now", f"{count:,}", "" if count == 1 else "s"))


def _row(user: User, whole: bool) -> dict[str, Any]:
    names = ("pk", "user_id", "locale", "time_zone", "last_active")
    return {name: getattr(user, name) for name in names} | {"address": user.email if whole else mask(user.email)}


def _words(error: PlatformError) -> str:
    return f"{error.detail} {error.remedy or ''}".strip() if isinstance(error, Refused) else str(error)
