"""The second step at login: a code from an authenticator app (TOTP, RFC 6238; django-otp keeps devices and throttling).

Who has set it up is asked for it; who must have it, by TOTP_REQUIRED_ROLES, gets nowhere else in the admin before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_otp import devices_for_user, match_token
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES

from delivery.roles import roles_of

FREE = ("admin:second_step", "admin:logout", "admin:login", "admin:jsi18n")


class LoginForm(AuthenticationForm):
    """Name, password, and the code where somebody has a device."""

    otp_token = forms.CharField(
        label="Code from your app",
        required=False,
        max_length=6,
        help_text="Only if you have set up the second step.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )

    def clean(self) -> Any:
        """Raises ValidationError for a missing or wrong code; the sentence tells neither from a throttled one."""
        found = super().clean()
        user: Any = self.get_user()
        if user is not None and any(devices_for_user(user)):
            code = self.cleaned_data.get("otp_token")
            user.otp_device = match_token(user, code) if code else None
            if user.otp_device is None:
                raise forms.ValidationError("The code from your app is missing or wrong. Wait for the next one.")
        return found


class SecondStepMiddleware:
    """Sends whoever must have the second step and hasn't taken it to where it is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._is_missing(request):
            return self._get_response(request)
        messages.warning(request, "Your role needs the second step at login. Set it up to go on.")
        return HttpResponseRedirect(reverse("admin:second_step"))

    def _is_missing(self, request: HttpRequest) -> bool:
        required = settings.TOTP_REQUIRED_ROLES
        if not required or not request.path.startswith(reverse("admin:index")):
            return False
        user: Any = request.user
        if not user.is_staff or user.is_verified() or request.path in {reverse(name) for name in FREE}:
            return False
        return bool(roles_of(user) & required)
