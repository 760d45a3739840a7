"""The admin's forms: the same checks as the API's, in the form's words."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError

from foundation.errors import InvalidRequest
from preferences import contact_points
from preferences.checked_fields import checked
from preferences.facts import QuietHours
from preferences.models import Device, User
from preferences.quiet_hours_input import check_quiet_hours


def _quiet_hours(value: Any) -> dict[str, Any]:
    try:
        quiet = msgspec.convert(value, QuietHours)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"{error}.", remedy='Write {"start": "22:00", "end": "07:00"}, or leave it empty.'
        ) from error
    return msgspec.to_builtins(check_quiet_hours(quiet))


class UserForm(forms.ModelForm):
    """A user as staff edit one."""

    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"quiet_hours", "attributes"} & self.fields.keys():  # who may only look has none
            self.fields[name].widget.attrs["rows"] = 3

    def clean_user_id(self) -> str:
        return checked(contact_points.check_user_id, self.cleaned_data["user_id"])

    def clean_email(self) -> str:
        return checked(contact_points.check_email, self.cleaned_data["email"])

    def clean_phone(self) -> str:
        return checked(contact_points.check_phone, self.cleaned_data["phone"])

    def clean_locale(self) -> str:
        return checked(contact_points.check_locale, self.cleaned_data["locale"])

    def clean_time_zone(self) -> str:
        return checked(contact_points.check_time_zone, self.cleaned_data["time_zone"])

    def clean_quiet_hours(self) -> dict[str, Any] | None:
        return checked(_quiet_hours, self.cleaned_data["quiet_hours"]) or None


class DeviceForm(forms.ModelForm):
    """A push token; one that is another user's is refused here, where moving it would be a surprise."""

    class Meta:
        model = Device
        fields = ("platform", "token", "name")

    def clean_token(self) -> str:
        token = checked(contact_points.check_token, self.cleaned_data["token"])
        taken = Device.objects.filter(device_id=contact_points.device_id_of(token)).exclude(pk=self.instance.pk)
        if taken.exists():
            raise ValidationError("This token is registered already.")
        return token
