"""Broadcasts in the admin: the list, writing one, its estimate, its live page, and what people do with it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from foundation.errors import NotFound, Refused
from notifications.broadcasts import finding, previews, shown, states, steering
from notifications.broadcasts.forms import BroadcastForm, WhyForm, initial_of
from notifications.broadcasts.models import Broadcast, Walk

PAGE, LIST = "admin:broadcasts_broadcast_change", "admin:broadcasts_broadcast_changelist"
QUOTED_UNDERLINE = quote("_")
BEFORE = (states.WAITING, states.SCHEDULED)
# What a press does, the permission it asks for, and what is said when it is done.
ACTIONS = {
    "submit": ("start_broadcast", "Started."),
    "approve": ("approve_broadcast", "Approved."),
    "pause": ("control_broadcast", "Paused: nothing more goes out."),
    "resume": ("control_broadcast", "It goes on where it stopped."),
    "cancel": ("control_broadcast", "Cancelled: what isn't out stays in."),
    "recall": ("recall_broadcast", "Recalled: it disappears from the inboxes."),
}


@admin.register(Broadcast)
class BroadcastAdmin(ModelAdmin):
    """One page does it all: a draft is changed there, then watched there."""

    words_when_empty = "No broadcast yet: one message to a segment, at a rate, after a look at what it would do."
    list_display = ("shown_name", "shown_state", "shown_progress", "segment", "type", "proposed_by", "approved_by")
    list_filter = ("state", "type", "segment")
    search_fields = ("name", "id", "segment", "type")
    list_select_related = ("walk",)
    list_filter_submit = True

    @display(description="broadcast", ordering="id")
    def shown_name(self, row: Broadcast) -> str:
        return str(row)

    @display(description="state", ordering="state", label=shown.STATE_COLOURS)
    def shown_state(self, row: Broadcast) -> str:
        return row.state

    @display(description="out")
    def shown_progress(self, row: Broadcast) -> SafeString | str:
        walk = row.walk
        if not walk.is_frozen:
            return f"{row.size:,} recipients"
        percent = 100 * walk.expanded / max(1, walk.audience)
        return format_html(
            '<progress class="h-1.5 w-24" max="100" value="{}"></progress> {} of {}',
            round(percent),
            f"{walk.expanded:,}",
            f"{walk.audience:,}",
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees a broadcast may open its page; what can be done there has permissions of its own."""
        return bool(super().has_change_permission(request, obj) or super().has_view_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its ledger stays."""
        return False

    def get_urls(self) -> list[URLPattern]:
        views = [
            path("variables/", self.admin_site.admin_view(self.variables), name="broadcasts_variables"),
            path("<str:id>/live/", self.admin_site.admin_view(self.live), name="broadcasts_live"),
            path("<str:id>/estimate/", self.admin_site.admin_view(self.estimate), name="broadcasts_estimate"),
            path("<str:id>/rate/", self.admin_site.admin_view(require_POST(self.rate)), name="broadcasts_rate"),
            path("<str:id>/refuse/", self.admin_site.admin_view(require_POST(self.refuse)), name="broadcasts_refuse"),
            path("<str:id>/edit/", self.admin_site.admin_view(self.edit), name="broadcasts_edit"),
            path("<str:id>/one/", self.admin_site.admin_view(self.one), name="broadcasts_one"),
            path("<str:id>/do/<str:what>/", self.admin_site.admin_view(require_POST(self.act)), name="broadcasts_do"),
        ]
        return [*views, *super().get_urls()]

    # --- writing one

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        copied = Broadcast.objects.filter(pk=request.GET.get("copy", "")).first()
        return self._form(request, None, initial_of(copied) if copied else None)

    def edit(self, request: HttpRequest, id: str) -> HttpResponse:
        """Changes a draft."""
        row = self._find(id)
        if not self.has_add_permission(request) or row.state != states.DRAFT:
            raise PermissionDenied
        return self._form(request, row, initial_of(row))

    def variables(self, request: HttpRequest) -> HttpResponse:
        """The fields of the chosen type's variables."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BroadcastForm(initial={"type": request.GET.get("type", "")}, by=_by(request))
        return TemplateResponse(request, "broadcasts/variables.html", {"form": form})

    def _form(self, request: HttpRequest, row: Broadcast | None, initial: dict[str, Any] | None) -> HttpResponse:
        form = BroadcastForm(request.POST or None, initial=initial, by=_by(request), row=row)
        if request.method == "POST" and form.is_valid():
            kept = form.keep()
            messages.success(request, "Kept as a draft: nothing goes out until you start it.")
            return HttpResponseRedirect(reverse(PAGE, args=[kept.pk]))
        return self._page(request, "form", row, title="Change the draft" if row else "New broadcast", form=form)

    # --- its page

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self._find(object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        before = not row.started_at and row.state not in states.OVER
        context = {"estimate": shown.estimate(row), "previews": previews.of(row)} if before else {}
        return self._page(request, "page", row, title=str(row), why=WhyForm(), before=before, **context)

    def live(self, request: HttpRequest, id: str) -> HttpResponse:
        """The part of its page that htmx asks for again and again."""
        row = self._seen(request, id)
        was = request.GET.get("state", row.state)
        if was != row.state and was in BEFORE:
            return HttpResponse(headers={"HX-Refresh": "true"})  # slider and ledger come, the estimate goes
        context = self._context(request, row) | {"state_changed": was != row.state}
        return TemplateResponse(request, "broadcasts/live.html", context)

    def estimate(self, request: HttpRequest, id: str) -> HttpResponse:
        """The estimate as far as it is counted."""
        row = self._seen(request, id)
        context = {"row": row, "estimate": shown.estimate(row), "previews": previews.of(row)}
        return TemplateResponse(request, "broadcasts/estimate.html", context)

    def one(self, request: HttpRequest, id: str) -> HttpResponse:
        """What became of it for one user, and why."""
        row, user = self._seen(request, id), request.GET.get("user", "").strip()
        context = {"row": row, "user": user, "found": finding.of_user(row, user) if user else None}
        return TemplateResponse(request, "broadcasts/one.html", context)

    # --- what people do with it

    def act(self, request: HttpRequest, id: str, what: str) -> HttpResponse:
        if what not in ACTIONS:
            raise Http404
        permission, said = ACTIONS[what]
        self._require(request, permission)
        return self._done(request, id, said, lambda: getattr(steering, what)(id, by=_by(request)))

    def refuse(self, request: HttpRequest, id: str) -> HttpResponse:
        self._require(request, "approve_broadcast")
        form = WhyForm(request.POST)
        why = form.cleaned_data["why"] if form.is_valid() else "no reason was given"
        return self._done(request, id, "Sent back.", lambda: steering.refuse(id, by=_by(request), why=why))

    def rate(self, request: HttpRequest, id: str) -> HttpResponse:
        """The slider: another rate, and what it is then. The slider itself stays: somebody has it in hand."""
        self._require(request, "control_broadcast")
        with suppress(Refused, ValueError, IndexError, KeyError):  # the answer shows what the rate is
            steering.change_rate(id, shown.rate_of_slider(int(request.POST["stop"])), by=_by(request))
        words = shown.rate_words(self._find(id).rate)
        return TemplateResponse(request, "broadcasts/rate.html", {"rate_words": words})

    def _done(self, request: HttpRequest, id: str, said: str, press: Any) -> HttpResponse:
        try:
            row = press()
            messages.success(request, "Now it waits for a second person." if row.state == states.WAITING else said)
        except Refused as error:
            messages.error(request, f"{error.detail} {error.remedy or ''}".strip())
        there = reverse(PAGE, args=[id])
        if request.headers.get("HX-Request"):  # a page put into a page would lose what its scripts know
            return HttpResponse(headers={"HX-Redirect": there})
        return HttpResponseRedirect(there)

    def _require(self, request: HttpRequest, permission: str) -> None:
        if not request.user.has_perm(f"broadcasts.{permission}"):
            raise PermissionDenied

    def _find(self, id: str) -> Broadcast:
        """By its id, or as the admin's list quotes it (bc_5F… for bc_…)."""
        try:
            return steering.find(id.replace(QUOTED_UNDERLINE, "_", 1))
        except NotFound as error:
            raise Http404(error.detail) from error

    def _seen(self, request: HttpRequest, id: str) -> Broadcast:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._find(id)

    def _context(self, request: HttpRequest, row: Broadcast) -> dict[str, Any]:
        may = {name: request.user.has_perm(f"broadcasts.{name}") for name, _ in ACTIONS.values()}
        may["add_broadcast"] = self.has_add_permission(request)
        has_slider = may["control_broadcast"] and row.state in shown.MOVING | {states.HALTED}
        live = shown.live(row, Walk.objects.get(pk=row.pk))
        return {**live, "may": may, "mine": row.proposed_by == _by(request), "has_slider": has_slider}

    def _page(self, request: HttpRequest, name: str, row: Broadcast | None, **context: Any) -> TemplateResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts, "list": reverse(LIST)}
        live = self._context(request, row) if row else {}
        return TemplateResponse(request, f"broadcasts/{name}.html", {**everywhere, **live, "row": row, **context})


def _by(request: HttpRequest) -> str:
    return request.user.get_username()
