"""The page of service and admin tokens: made with a secret that is shown once, looked at, revoked; never edited."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from foundation.redis import Unreachable
from notifications.credentials import SCOPES, create_token, note_uses, revoke_token
from notifications.models import ServiceToken
from templates_app.models import NotificationType

STATE_COLOURS = {"active": "success", "expired": "warning", "revoked": "danger"}


class NewTokenForm(forms.ModelForm):
    """What is asked for a new token: `scopes` and `types` are chosen among those there are."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    types = forms.MultipleChoiceField(
        choices=[],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Notification types it may send; none chosen: all.",
    )

    class Meta:
        model = ServiceToken
        fields = ("name", "kind", "scopes", "types", "rate", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = NotificationType.objects.order_by("name").values_list("name", flat=True)
        self.fields["types"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


@admin.register(ServiceToken)
class ServiceTokenAdmin(ModelAdmin):
    """Tokens. A change would be a different token: make a new one and revoke the old."""

    words_when_empty = "No service has a token yet; without one nobody can send."
    list_display = ("name", "kind", "prefix", "shown_state", "scopes", "types", "rate", "last_used_at", "expires_at")
    list_filter = ("kind",)
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a new token; of one that is there, nothing can be changed."""
        return super().get_form(request, obj, change, **({} if obj else {"form": NewTokenForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The digest is shown too: it tells nothing of the secret."""
        if obj is None:
            return NewTokenForm.Meta.fields
        return (*NewTokenForm.Meta.fields, "prefix", "digest", "created_at", "last_used_at", "revoked_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """All of them, once the token is there."""
        return self.get_fields(request, obj) if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Making one is a right of its own."""
        return self.has_issue_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing of a token changes but that it is revoked."""
        return self.has_issue_permission(request)

    def has_issue_permission(self, request: HttpRequest) -> bool:
        """Who may make tokens may revoke them."""
        return bool(request.user.has_perm("notifications.issue_token"))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Revoked tokens stay: what they sent is told by their name."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With the last uses as they are now."""
        try:
            note_uses()
        except Unreachable:
            messages.warning(request, "Redis is away: last uses may be older than shown.")
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """Makes the token; its secret goes to the one who made it, this once."""
        if change:
            return
        asked = {name: form.cleaned_data[name] for name in NewTokenForm.Meta.fields}
        secret, row = create_token(**asked)
        obj.pk, obj.digest, obj.prefix = row.pk, row.digest, row.prefix
        messages.warning(request, format_html("This is shown once, keep it now: <code>{}</code>", secret))

    @display(description="state", label=STATE_COLOURS)
    def shown_state(self, row: ServiceToken) -> str:
        """active, expired or revoked."""
        if row.revoked_at:
            return "revoked"
        return "expired" if row.expires_at and row.expires_at <= datetime.now(UTC) else "active"

    @action(description="Revoke: end them now", permissions=["issue"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ServiceToken]) -> None:
        """Ends the chosen tokens that aren't ended yet."""
        living = list(rows.filter(revoked_at=None))
        for row in living:
            revoke_token(row)
        messages.success(request, f"{len(living)} revoked; every process refuses them within seconds")
