"""The page of a user: who they are, how they can be reached, everything sent or not sent, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from delivery.people import erasing, exporting, profile, timeline
from delivery.people.forms import EraseForm
from foundation.clock import now_ms
from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable as RedisUnreachable
from preferences import erasure
from preferences.admin import UserAdmin
from preferences.channels import CHANNELS, LABELS
from preferences.models import User

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Users, with a page to look at before the form to change them."""

    list_display = ("person", *UserAdmin.list_display[1:])
    list_display_links = None

    @display(description="User", ordering="user_id")
    def person(self, user: User) -> SafeString:
        return format_html('<a href="{}">{}</a>', _page_of(user), user.user_id)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/", wrap(self.person_page), name="preferences_user_person"),
            path("<int:key>/timeline/", wrap(self.more), name="preferences_user_timeline"),
            path("<int:key>/why/", wrap(self.why), name="preferences_user_why"),
            path("<int:key>/export/", wrap(self.export), name="preferences_user_export"),
            path("<int:key>/erase/", wrap(self.erase), name="preferences_user_erase"),
            *super().get_urls(),
        ]

    def person_page(self, request: HttpRequest, key: int) -> TemplateResponse:
        """Everything on one page; the timeline comes after it, page by page."""
        user = self._user(request, key)
        shown = {
            "points": profile.points(user, whole=request.user.has_perm("preferences.see_addresses")),
            "matrix": profile.matrix(user.user_id),
            "labels": [LABELS[channel] for channel in CHANNELS],
            "local_time": profile.local_time(user),
            "erasure": profile.erasure_of(user),
            "lists": user.lists.select_related("list").order_by("list__name"),
            "may": {
                "change": self.has_change_permission(request, user) and user.erased_at is None,
                "export": request.user.has_perm("preferences.export_user"),
                "erase": request.user.has_perm("preferences.erase_user") and user.erased_at is None,
            },
        }
        return self._page(request, user, "page", **shown)

    def more(self, request: HttpRequest, key: int) -> HttpResponse:
        """A page of the timeline."""
        user = self._user(request, key)
        before = request.GET.get("before", "")
        try:
            page = timeline.page(user.user_id, before=int(before) if before.isdecimal() else None)
            broadcasts = [] if before else timeline.broadcasts_of(user.pk)
        except PlatformError as error:
            return _problem(request, error)
        context = {"person": user, "page": page, "is_first": not before, "broadcasts": broadcasts}
        return render(request, "delivery/person/timeline.html", context)

    def why(self, request: HttpRequest, key: int) -> HttpResponse:
        """Why one notification (`?id=`) arrived or not: then beside today."""
        user = self._user(request, key)
        try:
            found = timeline.why(user.user_id, request.GET.get("id", "").strip(), now=now_ms())
        except PlatformError as error:
            return _problem(request, error)
        return render(request, "delivery/person/why.html", {"person": user, "labels": LABELS, **found})

    def export(self, request: HttpRequest, key: int) -> StreamingHttpResponse:
        """All that is known of the user, as a file; who took it is kept in the history."""
        user = self._user(request, key, "preferences.export_user")
        self.log_change(request, user, "Exported all that is known of this user.")
        name = f"user-{user.pk}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(exporting.export(user.user_id), content_type=exporting.FORMAT, headers=headers)

    def erase(self, request: HttpRequest, key: int) -> HttpResponse:
        """What erasing will do, then the receipt."""
        user = self._user(request, key, "preferences.erase_user")
        form = EraseForm(request.POST or None, user_id=user.user_id)
        if not (request.method == "POST" and form.is_valid()):
            return self._page(request, user, "erase", form=form, gone_by=timezone.now() + erasure.gone_by_now())
        try:
            by = request.user.get_username()
            receipt = erasing.erase(user.user_id, by=by, note=form.cleaned_data["note"])
        except (PlatformError, *RedisUnreachable) as error:
            form.add_error(None, f"Nothing was erased: a server is away ({error}). Try again shortly.")
            return self._page(request, user, "erase", form=form, gone_by=timezone.now() + erasure.gone_by_now())
        return self._page(request, user, "receipt", receipt=receipt)

    def _page(self, request: HttpRequest, user: User, name: str, **context: Any) -> TemplateResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts, "title": user.user_id}
        return TemplateResponse(request, f"delivery/person/{name}.html", {**everywhere, "person": user, **context})

    def _user(self, request: HttpRequest, key: int, permission: str = "") -> User:
        if not self.has_view_permission(request) or (permission and not request.user.has_perm(permission)):
            raise PermissionDenied
        user = User.objects.filter(pk=key).first()
        if user is None:
            raise Http404("There is no such user.")
        return user


def _page_of(user: User) -> str:
    return reverse("admin:preferences_user_person", args=[user.pk])


def _problem(request: HttpRequest, error: PlatformError) -> HttpResponse:
    words: Any = f"{error.detail} {error.remedy or ''}" if isinstance(error, Refused) else f"Not now: {error}"
    return render(request, "delivery/person/problem.html", {"words": words})
