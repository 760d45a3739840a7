"""Members of staff and their roles. Roles are made by delivery/roles.py: who is in one is changed, not what it may."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import path
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from delivery import audit_trail
from delivery.desk.login import second_step
from delivery.roles import MEANING, ROLES

admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)  # its page shows the secret
admin.site.login_template = "delivery/login.html"


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    """Who may log in here."""

    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "second_step", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password", "email", ("first_name", "last_name"))}),
        ("May", {"fields": ("is_active", "is_staff", "groups", "is_superuser")}),
        ("When", {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2", "is_staff", "groups")}),)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    actions = ("reset_second_step",)

    def get_urls(self) -> list[Any]:
        """One's own second step besides: for every member of staff."""
        own = path("second-step/", self.admin_site.admin_view(second_step), name="second_step")
        return [own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows = super().get_queryset(request).prefetch_related("groups")
        return rows.annotate(devices=Count("totpdevice", distinct=True))

    @display(description="roles")
    def roles(self, row: User) -> str:
        """By name; a superuser may everything."""
        names = [group.name for group in row.groups.all()]
        return ", ".join([*names, "superuser"] if row.is_superuser else names) or "none"

    @display(description="second step", boolean=True)
    def second_step(self, row: Any) -> bool:
        return bool(row.devices)

    @action(description="Reset the second step: somebody lost their phone", permissions=["change"])
    def reset_second_step(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """They log in with their password alone until they set it up again."""
        for row in rows:
            TOTPDevice.objects.filter(user=row).delete()
            audit_trail.note(row, {"did": "reset the second step at login"})
        messages.success(request, f"The second step of {rows.count()} was reset; they can set it up anew.")


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    """The roles, for looking at; a group of one's own can be made besides, and changed."""

    list_display = ("name", "meaning", "members")

    @display(description="is for whoever")
    def meaning(self, row: Group) -> str:
        return MEANING.get(row.name, "a group of your own")

    @display(description="members")
    def members(self, row: Group) -> int:
        return row.user_set.count()

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """What a role may is written in one place."""
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in ROLES)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.name not in ROLES)
