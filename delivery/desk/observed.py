"""What the platform writes and operators look at: alerts, quarantined records, the sandbox's outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from delivery import audit_trail, quarantine
from delivery.desk.pages import moment
from delivery.models import Alert, QuarantinedRecord
from delivery.providers.sandbox.models import OutboxMessage
from foundation.errors import PlatformError
from preferences.masking import address_to, shown_to

STATE_COLOURS = {
    "parked": "warning",
    "queued": "info",
    "releasing": "info",
    "replayed": "success",
    "dropped": "info",
    "kept": "warning",
    "retried": "success",
    "running": "success",
    "stopped": "warning",
    "undone": "info",
    "done": "success",
} | {
    "closed": "success",
    "open": "danger",
    "half_open": "warning",
    "retry_after": "warning",
    "paused": "danger",
    "draining": "warning",
}


class Observed(ModelAdmin):
    """Rows the platform writes: operators look and act, and neither add nor delete."""

    list_filter_submit = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="at", ordering="at")
    def shown_at(self, row: Any) -> datetime | None:
        return moment(row.at)


@admin.register(Alert)
class AlertAdmin(Observed):
    """What operators were told."""

    words_when_empty = "No alert so far: nothing needed a person."
    list_display = ("text", "kind", "shown_at", "posted")
    list_filter = ("kind",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="posted", boolean=True)
    def posted(self, row: Alert) -> bool:
        return row.posted_at is not None


@admin.register(QuarantinedRecord)
class QuarantinedRecordAdmin(Observed):
    """Records nobody could handle."""

    words_when_empty = "No record was put aside: everything on the log could be read."
    list_display = ("__str__", "shown_state", "reason", "shown_at")
    list_filter = ("topic", "state")
    actions = ("retry",)
    fields = ("topic", "partition", "offset", "shown_state", "reason", "shown_at", "headers", "content")
    readonly_fields = fields

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: QuarantinedRecord) -> str:
        return row.state

    @display(description="bytes")
    def content(self, row: QuarantinedRecord) -> SafeString:
        return format_html("<pre>{}</pre>", bytes(row.raw).decode("utf-8", "backslashreplace"))

    @action(description="Retry: put back on their topics, marked as repeats", permissions=["change"])
    def retry(self, request: HttpRequest, rows: QuerySet[QuarantinedRecord]) -> None:
        first = rows.first()
        try:
            count = quarantine.retry(rows)
        except PlatformError as error:
            messages.error(request, str(error))
            return
        messages.success(request, f"{count} put back")
        if first is not None:
            audit_trail.note(first, {"did": "put back", "records": count})


@admin.register(OutboxMessage)
class OutboxMessageAdmin(Observed):
    """What the sandbox's providers received; addresses masked for whoever may not see them."""

    words_when_empty = "The sandbox has sent nothing yet."
    list_display = ("title", "channel", "provider", "user", "attempt", "received", "shown_at")
    list_filter = ("channel", "provider", "type")
    search_fields = ("user", "notification_id")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row as this member of staff may see it."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.address = address_to(request.user, row.address)
            for name in ("title", "body", "html"):
                setattr(row, name, shown_to(request.user, getattr(row, name)))
        return row
