"""The suppression list in the admin: searched, added to, taken off with a reason, brought in and out as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from foundation.errors import Refused
from preferences import suppression, suppression_file
from preferences.channels import LABELS
from preferences.masking import mask
from preferences.models import Suppression, SuppressionChange
from preferences.suppression import Entry
from preferences.suppression_forms import ImportForm, RemovalForm, SuppressionForm

REASON_COLOURS = {"Hard bounce": "warning", "Complaint": "danger", "STOP by SMS": "danger", "By hand": "info"}
ACROSS_SHOWN = 100
LIST = "admin:preferences_suppression_changelist"


class _Rows(ModelAdmin):
    """What both lists show alike."""

    list_filter_submit = True
    search_fields = ("address",)
    search_help_text = "Email address, phone number or push token"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row says what was; who thinks otherwise takes it off and adds another."""
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """An address is shown whole to those who may see addresses."""
        return [self._column(request, name) for name in self.list_display]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_fields(request, obj)
        return [self._column(request, name) for name in names] if obj is not None else names

    def _column(self, request: HttpRequest, name: Any) -> Any:
        return "address_masked" if name == "address" and not self.has_export_permission(request) else name

    def has_export_permission(self, request: HttpRequest) -> bool:
        """A file holds whole addresses."""
        return bool(request.user.has_perm("preferences.see_addresses"))

    @display(description="Address", ordering="address")
    def address_masked(self, row: Any) -> str:
        return mask(row.address)

    @display(description="Channel", ordering="channel", label=True)
    def channel_label(self, row: Any) -> str:
        return LABELS.get(row.channel, row.channel)

    @display(description="Reason", ordering="reason", label=REASON_COLOURS)
    def reason_label(self, row: Any) -> str:
        return row.get_reason_display()


@admin.register(Suppression)
class SuppressionAdmin(_Rows):
    """The list as it is."""

    words_when_empty = "No address is suppressed. Bounces, complaints and STOP put theirs here."
    form = SuppressionForm
    list_display = ("address", "channel_label", "reason_label", "note", "created_at")
    list_filter = ("channel", "reason", "created_at")
    date_hierarchy = "created_at"
    actions = ("take_off",)
    actions_list = ("bring_in", "csv_out", "json_out")

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        """Adds it with who did it."""
        entry = Entry(obj.address, obj.channel, obj.reason, obj.note)
        suppression.add([entry], by=request.user.get_username())
        row = Suppression.objects.get(address=obj.address, channel=obj.channel)
        obj.pk, obj.created_at = row.pk, row.created_at

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not without a reason: that is `take_off`."""
        return False

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Who may delete rows may take addresses off."""
        return bool(request.user.has_perm("preferences.delete_suppression"))

    @action(description="Take off the list, with a reason", permissions=["remove"])
    def take_off(self, request: HttpRequest, rows: QuerySet[Suppression]) -> HttpResponse | None:
        form = RemovalForm(request.POST if "note" in request.POST else None)
        if not form.is_valid():
            # All of a filtered list are named by the filter: a form with a field for each would be refused.
            across = request.POST.get("select_across") == "1"
            shown = {"rows": rows[:ACROSS_SHOWN] if across else rows, "across": across, "count": rows.count()}
            return self._page(request, "suppression_remove", title="Take off the list", form=form, **shown)
        addresses = list(rows.values_list("address", "channel"))
        gone = suppression.remove(addresses, by=request.user.get_username(), note=form.cleaned_data["note"])
        messages.success(request, f"{len(gone)} taken off the list")
        return None

    @action(description="Import", url_path="import", permissions=["add"])
    def bring_in(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            return self._imported(request, form)
        return self._page(request, "suppression_import", title="Import addresses", form=form)

    @action(description="Export as CSV", url_path="csv", permissions=["export"])
    def csv_out(self, request: HttpRequest) -> StreamingHttpResponse:
        return _download(suppression_file.CSV)

    @action(description="Export as JSON lines", url_path="jsonl", permissions=["export"])
    def json_out(self, request: HttpRequest) -> StreamingHttpResponse:
        return _download(suppression_file.JSON_LINES)

    def _imported(self, request: HttpRequest, form: ImportForm) -> HttpResponse:
        try:
            done = suppression_file.load(form.content(), form.format(), by=request.user.get_username())
        except Refused as error:
            form.add_error("file", f"{error.detail} {error.remedy or ''}")
            return self._page(request, "suppression_import", title="Import addresses", form=form)
        messages.success(request, f"{done.added:,} added, {done.already:,} were on the list")
        if not done.refused:
            return HttpResponseRedirect(reverse(LIST))
        messages.error(request, f"{done.refused:,} rows weren't taken")
        return self._page(request, "suppression_import", title="Import addresses", form=ImportForm(), bad=done.bad)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        everywhere = self.admin_site.each_context(request)
        return TemplateResponse(
            request, f"preferences/{name}.html", {**everywhere, "opts": self.opts, "list": reverse(LIST), **context}
        )


@admin.register(SuppressionChange)
class SuppressionChangeAdmin(_Rows):
    """What happened to it."""

    words_when_empty = "No address was added or removed yet."
    list_display = ("at", "address", "channel_label", "action_label", "reason_label", "note", "by")
    list_filter = ("action", "channel", "reason", "at")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Action", ordering="action", label={"Added": "warning", "Removed": "success"})
    def action_label(self, row: SuppressionChange) -> str:
        return row.get_action_display()


def _download(form: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        suppression_file.export(form),
        content_type=suppression_file.FORMATS[form],
        headers={"Content-Disposition": f'attachment; filename="suppressions.{form}"', "Cache-Control": "no-store"},
    )
