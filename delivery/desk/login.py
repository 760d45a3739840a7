"""Setting up the second step at login: a picture for an authenticator app, then a code from it. All of it local."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

import qrcode
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django_otp import login, match_token
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage
from unfold.widgets import UnfoldAdminTextInputWidget

from delivery import audit_trail
from delivery.desk.pages import page

DEVICE = "authenticator app"


class CodeForm(forms.Form):
    """Six digits."""

    code = forms.CharField(
        label="Code from the app",
        max_length=6,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


def second_step(request: HttpRequest) -> HttpResponse:
    """The page for one's own account: sets the second step up, or, with a code, ends it."""
    confirmed = TOTPDevice.objects.filter(user=request.user, confirmed=True).exists()
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        act = _end if confirmed else _confirm
        if act(request, form.cleaned_data["code"]):
            return HttpResponseRedirect(reverse("admin:second_step"))
        form.add_error("code", "That isn't the code of this moment. Wait for the next one.")
    shown: dict[str, Any] = {"form": form, "confirmed": confirmed}
    if not confirmed:
        device = _unconfirmed(request.user)
        shown |= {"picture": _picture(device.config_url), "secret": b32encode(device.bin_key).decode()}
    return page(request, "second_step", "Two-step login", **shown)


def _unconfirmed(user: Any) -> TOTPDevice:
    """The device that is being set up: the same until it is confirmed, so that a reload changes no picture."""
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": DEVICE})
    return device


def _confirm(request: HttpRequest, code: str) -> bool:
    device = _unconfirmed(request.user)
    if not device.verify_token(code):
        return False
    device.confirmed = True
    device.save()
    login(request, device)
    messages.success(request, "Set up. From now on you are asked for a code when you log in.")
    return True


def _end(request: HttpRequest, code: str) -> bool:
    if match_token(request.user, code) is None:
        return False
    TOTPDevice.objects.filter(user=request.user).delete()
    audit_trail.note(request.user, {"did": "ended the second step at login"})  # type: ignore[arg-type]
    messages.success(request, "Ended. You log in with your password alone.")
    return True


def _picture(address: str) -> SafeString:
    """An SVG of paths alone, made here from an otpauth:// address."""
    made = qrcode.make(address, image_factory=SvgPathImage, border=2)
    return mark_safe(made.to_string(encoding="unicode"))  # noqa: S308  no text of anybody's stands in it
