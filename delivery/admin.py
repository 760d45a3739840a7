"""Operators' pages: dead letters, alerts, quarantine, provider accounts (rate, pause), the sandbox's outbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from delivery import account_settings, breaker, dead_letters, quarantine
from delivery.dead_letters import Done
from delivery.models import AccountSetting, Alert, DeadLetter, QuarantinedRecord
from delivery.people import admin as people_admin
from delivery.people import erasure_admin
from delivery.providers.registry import rate_of
from delivery.providers.sandbox.models import OutboxMessage
from foundation.errors import PlatformError
from foundation.redis import Unreachable

__all__ = ["erasure_admin", "people_admin"]  # they register themselves

STATE_COLOURS = {
    "parked": "warning",
    "replayed": "success",
    "dropped": "info",
    "kept": "warning",
    "retried": "success",
} | {
    "closed": "success",
    "open": "danger",
    "half_open": "warning",
    "retry_after": "warning",
    "paused": "danger",
}
GROUPS_SHOWN = 8


def moment(ms: int | None) -> datetime | None:
    """A time in ms for the admin's own formatting."""
    return datetime.fromtimestamp(ms / 1_000, UTC) if ms else None


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


@admin.register(DeadLetter)
class DeadLetterAdmin(Observed):
    """Parked deliveries. Only the data of a replay can be edited."""

    list_display = ("notification_id", "type", "channel", "shown_state", "reason", "error", "attempts", "parked_at")
    list_filter = ("state", "reason", "error", "type", "channel", "provider", "priority")
    search_fields = ("notification_id", "user", "detail")
    actions = ("replay", "drop")
    exclude = ("record", "first_at", "last_at", "changed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: DeadLetter | None = None) -> tuple[str, ...]:
        """All but the data, and that too once it isn't parked any more."""
        names = tuple(f.name for f in DeadLetter._meta.fields if f.name not in (*self.exclude, "edited_data"))
        editable = obj is not None and obj.state == DeadLetter.State.PARKED
        return (*names, "parked_at", "as_tried", *(() if editable else ("edited_data",)))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Above the list: what is parked, grouped by error."""
        groups = dead_letters.grouped(dead_letters.find(), "error")[:GROUPS_SHOWN]
        if groups and request.method == "GET":
            counts = ", ".join(f"{group['error'] or 'unknown'}: {group['count']}" for group in groups)
            messages.info(request, f"Parked by error: {counts}")
        return super().changelist_view(request, extra_context)

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: DeadLetter) -> str:
        return row.state

    @display(description="parked at", ordering="last_at")
    def parked_at(self, row: DeadLetter) -> datetime | None:
        return moment(row.last_at)

    @display(description="as it was tried")
    def as_tried(self, row: DeadLetter) -> SafeString:
        record = msgspec.to_builtins(dead_letters.record_of(row))
        return format_html("<pre>{}</pre>", json.dumps(record, indent=2, ensure_ascii=False))

    @action(description="Replay: through routing again, preferences looked at anew", permissions=["change"])
    def replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        _act(request, letters, dead_letters.replay, "replayed")

    @action(description="Drop: end them for good", permissions=["change"])
    def drop(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        _act(request, letters, dead_letters.drop, "dropped")


@admin.register(Alert)
class AlertAdmin(Observed):
    """What operators were told."""

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
        try:
            messages.success(request, f"{quarantine.retry(rows)} put back")
        except PlatformError as error:
            messages.error(request, str(error))


@admin.register(AccountSetting)
class AccountSettingAdmin(Observed):
    """The provider accounts: how each stands; its rate and a pause can be set, which every worker feels at once."""

    list_display = ("account", "rate", "own_rate", "shown_state", "share", "paused", "paused_because", "shown_at")
    fields = ("account", "rate", "paused", "why", "own_rate", "shown_state", "share", "paused_because", "changed_by")
    readonly_fields = ("account", "own_rate", "shown_state", "share", "paused_because", "changed_by")
    actions = ("resume",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountSetting]:
        """One row for each account there is now."""
        return account_settings.rows()

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with how its accounts stand: asked once for all of them."""
        listed = super().get_changelist_instance(request)
        standings = breaker.standings([row.account for row in listed.result_list])
        for row in listed.result_list:
            row.standing = standings[row.account]
        return listed

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AccountSetting | None:
        """One account, with how it stands."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.standing = breaker.state(row.account)
        return row

    def save_model(self, request: HttpRequest, obj: AccountSetting, form: Any, change: bool) -> None:
        values = {"rate": obj.rate, "paused": obj.paused, "why": obj.why if obj.paused else ""}
        account_settings.change(obj.account, by=request.user.get_username(), **values)

    @display(description="its own rate")
    def own_rate(self, row: AccountSetting) -> int:
        return rate_of(row.account)

    @display(description="state", label=STATE_COLOURS)
    def shown_state(self, row: AccountSetting) -> str:
        return row.standing.state

    @display(description="share of its traffic")
    def share(self, row: AccountSetting) -> str:
        return f"{row.standing.share:.0%}"

    @display(description="paused because")
    def paused_because(self, row: AccountSetting) -> str:
        return row.standing.why

    @display(description="changed at", ordering="changed_at")
    def shown_at(self, row: AccountSetting) -> datetime | None:
        return moment(row.changed_at)

    @action(description="Resume: let them go on at once, whatever stopped them", permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[AccountSetting]) -> None:
        try:
            for row in rows:
                account_settings.resume(row.account, by=request.user.get_username())
                breaker.close(row.account)
        except (PlatformError, *Unreachable) as error:
            messages.error(request, str(error))
            return
        messages.success(request, f"{len(rows)} resumed")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(Observed):
    """What the sandbox's providers received."""

    list_display = ("title", "channel", "provider", "user", "attempt", "received", "shown_at")
    list_filter = ("channel", "provider", "type")
    search_fields = ("user", "notification_id", "address")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _act(
    request: HttpRequest, letters: QuerySet[DeadLetter], act: Callable[[QuerySet[DeadLetter]], Done], word: str
) -> None:
    try:
        result = act(letters)
    except PlatformError as error:
        messages.error(request, str(error))
        return
    messages.success(request, f"{result.done} {word}")
    for identity, why in result.skipped[:GROUPS_SHOWN]:
        messages.warning(request, f"Skipped {identity}: {why}")
