"""The audit trail: who changed what, when, and why where that was asked; filtered, and taken away as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from auditlog.filters import ResourceTypeFilter
from auditlog.mixins import LogEntryAdminMixin
from auditlog.models import LogEntry
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.text import Truncator
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from foundation import csv_cells

admin.site.unregister(LogEntry)

COLUMNS = ("when", "who", "did", "what kind", "which", "changes", "besides", "from address")
ACTION_COLOURS = {"create": "success", "update": "info", "delete": "danger", "access": "warning"}
CHUNK = 500
SHOWN_FIELDS = 4
SHOWN_CHARS = 120


@admin.register(LogEntry)
class TrailAdmin(LogEntryAdminMixin, ModelAdmin):
    """Rows of the trail; nobody changes or removes one here."""

    words_when_empty = "Nobody has changed anything yet."
    list_display = ("timestamp", "who", "did", "kind", "which", "changed")
    list_filter = (("timestamp", RangeDateTimeFilter), "action", ResourceTypeFilter, "actor")
    list_filter_submit = True
    list_select_related = ("content_type", "actor")
    list_per_page = 50
    date_hierarchy = None
    search_fields = ("object_repr", "actor__username", "changes")
    search_help_text = "Who, which, or a word of the change"
    fields = ("timestamp", "who", "did", "kind", "which", "msg", "additional_data", "remote_addr")
    readonly_fields = fields
    actions_list = ("as_csv",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="who", ordering="actor")
    def who(self, row: LogEntry) -> str:
        """A member of staff, or the platform itself."""
        return _who(row)

    @display(description="did", label=ACTION_COLOURS)
    def did(self, row: LogEntry) -> str:
        return row.get_action_display()

    @display(description="what kind")
    def kind(self, row: LogEntry) -> str:
        return str(row.content_type.name if row.content_type else "")

    @display(description="which", ordering="object_repr")
    def which(self, row: LogEntry) -> str:
        return row.object_repr

    @display(description="changes")
    def changed(self, row: LogEntry) -> str:
        """Why, and the first fields, from → to."""
        changes = {name: values for name, values in (row.changes_dict or {}).items() if name != "id"}
        shown = sorted(changes.items(), key=lambda change: change[0] != "why")[:SHOWN_FIELDS]
        return "; ".join(Truncator(_change(name, values)).chars(SHOWN_CHARS) for name, values in shown) or _besides(row)

    @action(description="Export as CSV", url_path="csv", permissions=["view"])
    def as_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """What the list shows now, all of it, streamed."""
        rows = self.get_changelist_instance(_with_its_filter(request)).get_queryset(request)
        return StreamingHttpResponse(
            csv_cells.lines(COLUMNS, _rows(rows)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="audit-trail.csv"', "Cache-Control": "no-store"},
        )


def _with_its_filter(request: HttpRequest) -> HttpRequest:
    """The link to the file has no filter of its own: it takes that of the list it was clicked on."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if not request.GET and came_from.path == reverse("admin:auditlog_logentry_changelist"):
        request.GET = QueryDict(came_from.query)
    return request


def _rows(rows: QuerySet[LogEntry]) -> Iterator[tuple[Any, ...]]:
    for row in rows.select_related("actor", "content_type").iterator(CHUNK):
        yield (
            row.timestamp.isoformat(),
            _who(row),
            row.get_action_display(),
            row.content_type.name if row.content_type else "",
            row.object_repr,
            json.dumps(row.changes_dict or {}, ensure_ascii=False),
            _besides(row),
            row.remote_addr or "",
        )


def _who(row: LogEntry) -> str:
    return row.actor.get_username() if row.actor else row.actor_email or "the platform"


def _change(name: str, values: Any) -> str:
    if isinstance(values, dict):
        return f"{name}: {values.get('operation', '')} {', '.join(map(str, values.get('objects', ())))}"
    before, after = values
    return f"{name}: {before} → {after}" if before not in ("None", "") else f"{name}: {after}"


def _besides(row: LogEntry) -> str:
    return json.dumps(row.additional_data, ensure_ascii=False) if row.additional_data else ""
