"""The provider accounts: how each stands; rates and pauses are set on the page of controls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from delivery import account_settings, breaker
from delivery.desk.observed import STATE_COLOURS, Observed
from delivery.desk.pages import moment
from delivery.models import AccountSetting
from delivery.providers.registry import rate_of


@admin.register(AccountSetting)
class AccountSettingAdmin(Observed):
    """One row for each account there is now."""

    list_display = (
        "account",
        "set_rate",
        "own_rate",
        "shown_state",
        "share",
        "stands_because",
        "changed_by",
        "shown_at",
    )
    fields = (
        "account",
        "set_rate",
        "own_rate",
        "shown_state",
        "share",
        "stands_because",
        "why",
        "changed_by",
        "shown_at",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A change asks why: that is the page of controls."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountSetting]:
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

    @display(description="rate set")
    def set_rate(self, row: AccountSetting) -> str:
        return "its own" if row.rate is None else f"{row.rate:,}/s" if row.rate else "no limit"

    @display(description="its own rate")
    def own_rate(self, row: AccountSetting) -> str:
        return f"{rate_of(row.account):,}/s"

    @display(description="state", label=STATE_COLOURS)
    def shown_state(self, row: AccountSetting) -> str:
        return row.standing.state

    @display(description="share of its traffic")
    def share(self, row: AccountSetting) -> str:
        return f"{row.standing.share:.0%}"

    @display(description="because")
    def stands_because(self, row: AccountSetting) -> str:
        return row.standing.why

    @display(description="changed at", ordering="changed_at")
    def shown_at(self, row: AccountSetting) -> datetime | None:
        return moment(row.changed_at)
