"""The list of dead letters, and one of them: its whole story, the record as it was tried, data that can be edited."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from delivery import dead_letters
from delivery.desk import told, workbench
from delivery.desk.observed import STATE_COLOURS, Observed
from delivery.desk.pages import moment
from delivery.models import DeadLetter
from preferences.masking import shown_to

FIRST = ("reason", "error", "detail", "provider", "provider_code", "attempts")  # what one wants to know of it


@admin.register(DeadLetter)
class DeadLetterAdmin(Observed):
    """Parked deliveries. Only the data of a replay can be edited."""

    words_when_empty = "Nothing is parked. What can't be delivered after its last try comes here."
    list_display = ("notification_id", "type", "channel", "shown_state", "reason", "error", "attempts", "parked_at")
    list_filter = ("state", "reason", "error", "type", "channel", "provider", "priority", "job")
    search_fields = ("notification_id", "user", "fingerprint")
    search_help_text = "Notification id, user id or fingerprint"
    actions = ("replay", "drop")
    exclude = ("record", "first_at", "last_at", "changed_at", "fingerprint", "job")
    change_form_outer_before_template = "delivery/letter_story.html"

    def get_urls(self) -> list[Any]:
        """The workbench besides."""
        return [
            path("workbench/", workbench.workbench, name="workbench"),
            path("workbench/<str:fingerprint>/<str:action>/", workbench.of_group, name="letter_group"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: DeadLetter, form: Any, change: bool) -> None:
        """The data alone: what else the page shows may be masked."""
        obj.save(update_fields=["edited_data"])

    def get_readonly_fields(self, request: HttpRequest, obj: DeadLetter | None = None) -> tuple[str, ...]:
        """All but the data, and that too once it isn't parked any more."""
        others = tuple(f.name for f in DeadLetter._meta.fields if f.name not in (*self.exclude, *FIRST, "edited_data"))
        names = (*FIRST, *others)
        editable = obj is not None and obj.state == DeadLetter.State.PARKED
        return (*names, "parked_at", "as_tried", *(() if editable else ("edited_data",)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may replay may edit what is replayed."""
        return self.has_replay_permission(request)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.replay_deadletter"))

    def has_drop_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("delivery.drop_deadletter"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The letter as this member of staff may see it."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.shown_record = shown_to(request.user, msgspec.to_builtins(dead_letters.record_of(row)))
            row.detail = shown_to(request.user, row.detail)
        return row

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """With what happened to the notification, from acceptance on."""
        row = self.get_object(request, unquote(object_id)) if self.has_view_permission(request) else None
        story = told.story_of(row.notification_id, request.user) if row else None
        parked = row is not None and row.state == DeadLetter.State.PARKED
        acts = [
            action
            for action, may in (("replay", self.has_replay_permission), ("drop", self.has_drop_permission))
            if parked and may(request)
        ]
        shown = {"story": story, "letter": row, "acts": acts}
        kwargs["extra_context"] = {**(kwargs.get("extra_context") or {}), **shown}
        return super().change_view(request, object_id, *args, **kwargs)

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: DeadLetter) -> str:
        return row.state

    @display(description="parked at", ordering="last_at")
    def parked_at(self, row: DeadLetter) -> datetime | None:
        return moment(row.last_at)

    @display(description="as it was tried")
    def as_tried(self, row: Any) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(row.shown_record, indent=2, ensure_ascii=False))

    @action(description="Replay: through routing again, preferences looked at anew", permissions=["replay"])
    def replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> Any:
        return workbench.asked(request, letters, "replay", _words(request, letters))

    @action(description="Drop: end them for good", permissions=["drop"])
    def drop(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> Any:
        return workbench.asked(request, letters, "drop", _words(request, letters))


def _words(request: HttpRequest, letters: QuerySet[DeadLetter]) -> str:
    """Which letters, for whoever reads it later."""
    if request.POST.get("select_across") == "1":
        return f"all that the list showed ({request.GET.urlencode() or 'no filter'})"
    first = letters.first()
    return first.notification_id if first and letters.count() == 1 else f"{letters.count()} chosen by hand"
