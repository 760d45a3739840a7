"""Users in the admin; segments and the suppression list have files of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from preferences import import_admin, segment_admin, static_list_admin, suppression_admin
from preferences.admin_forms import DeviceForm, UserForm
from preferences.masking import mask, may_see
from preferences.models import Device, InvalidAddress, PreferenceRow, User

__all__ = ["import_admin", "segment_admin", "static_list_admin", "suppression_admin"]  # they register themselves

NOTHING = "–"


class DeviceInline(TabularInline):
    model = Device
    form = DeviceForm
    extra = 0
    tab = True
    readonly_fields = ("registered_at", "token_masked")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A token is an address."""
        return ("platform", "token" if may_see(request.user) else "token_masked", "name", "registered_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_see(request.user) and super().has_add_permission(request, obj)

    @display(description="Token")
    def token_masked(self, device: Device) -> str:
        return mask(device.token)


class PreferenceInline(TabularInline):
    model = PreferenceRow
    extra = 0
    tab = True
    fields = ("scope", "channel", "enabled", "updated_at")
    readonly_fields = ("updated_at",)


class InvalidAddressInline(TabularInline):
    model = InvalidAddress
    extra = 0
    tab = True
    verbose_name_plural = "dead addresses"
    readonly_fields = ("channel", "address", "address_masked", "created_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("channel", "address" if may_see(request.user) else "address_masked", "created_at")

    @display(description="Address")
    def address_masked(self, row: InvalidAddress) -> str:
        return mask(row.address)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ErasedFilter(admin.SimpleListFilter):
    """Whether the user's data was erased."""

    title = "erased"
    parameter_name = "erased"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not erased"), ("yes", "Erased")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(erased_at__isnull=self.value() == "no") if self.value() else queryset


@admin.register(User)
class UserAdmin(ModelAdmin):
    words_when_empty = "No user yet. Services register them by API; a file can be imported too."
    form = UserForm
    list_display = ("user_id", "email_shown", "phone_shown", "locale", "time_zone", "reach", "quiet", "state")
    list_filter = (ErasedFilter, "locale", "time_zone", "devices__platform")
    list_filter_submit = True
    search_fields = ("user_id", "email", "phone", "devices__token")
    search_help_text = "User id, email, phone number or push token"
    empty_value_display = NOTHING
    inlines = (DeviceInline, PreferenceInline, InvalidAddressInline)
    readonly_fields = ("erased_at", "created_at", "updated_at", "email_masked", "phone_masked")
    fieldsets = (
        (None, {"fields": ("user_id", ("email", "phone"), ("locale", "time_zone"))}),
        ("Quiet hours", {"fields": ("quiet_hours",)}),
        ("Facts", {"fields": ("attributes", "last_active", "erased_at", ("created_at", "updated_at"))}),
    )
    list_per_page = 50
    actions_list = ("import_file",)

    @action(description="Import from a file", url_path="import-file", permissions=["import_file"])
    def import_file(self, request: HttpRequest) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:preferences_peopleimport_add"))

    def has_import_file_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("preferences.import_users"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(device_count=Count("devices"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """The id is what other services know the user by: it never changes."""
        return (*self.readonly_fields, "user_id") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who may not see addresses sees them masked, and so doesn't change them."""
        if obj is None or may_see(request.user):
            return self.fieldsets
        masked = ("user_id", ("email_masked", "phone_masked"), ("locale", "time_zone"))
        return ((None, {"fields": masked}), *self.fieldsets[1:])

    def get_list_display(self, request: HttpRequest) -> Any:
        if may_see(request.user):
            return self.list_display
        return [{"email_shown": "email_masked", "phone_shown": "phone_masked"}.get(n, n) for n in self.list_display]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A user is erased, everywhere, with a receipt; a deleted row would leave the rest behind."""
        return False

    @display(description="Email", ordering="email")
    def email_shown(self, user: User) -> str:
        return user.email or NOTHING

    @display(description="Phone", ordering="phone")
    def phone_shown(self, user: User) -> str:
        return user.phone or NOTHING

    @display(description="Email")
    def email_masked(self, user: User) -> str:
        return mask(user.email) or NOTHING

    @display(description="Phone")
    def phone_masked(self, user: User) -> str:
        return mask(user.phone) or NOTHING

    @display(description="Devices", ordering="device_count")
    def reach(self, user: Any) -> str:
        return str(user.device_count or NOTHING)

    @display(description="Quiet hours")
    def quiet(self, user: User) -> str:
        return f"{user.quiet_hours['start']}-{user.quiet_hours['end']}" if user.quiet_hours else NOTHING

    @display(description="State", label={"active": "success", "erased": "danger"})
    def state(self, user: User) -> str:
        return "erased" if user.erased_at else "active"
