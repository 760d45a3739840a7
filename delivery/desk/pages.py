"""What the desk's own pages share: the frame, the right to see them, times, and the form that asks why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import msgspec
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextInputWidget

from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable

WHY_MAX = 190
View = Callable[..., HttpResponse]


class WhyForm(forms.Form):
    """Every action on a running system says why: it is in the audit trail beside who and when."""

    why = forms.CharField(
        label="Why",
        max_length=WHY_MAX,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "placeholder": "What you saw, a ticket, who asked"}
        ),
        help_text="Kept in the audit trail with your name and the time.",
    )


def needs(*permissions: str) -> Callable[[View], View]:
    """Guards a page: members of staff with one of `permissions`; others are told 403, strangers to log in."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.user.has_perm(each) for each in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return admin.site.admin_view(guarded)

    return guard


def page(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """A page in the admin's frame; `template` is the name of one in delivery/templates/delivery/."""
    everywhere = admin.site.each_context(request)
    return TemplateResponse(request, f"delivery/{template}.html", {**everywhere, "title": title, **context})


def as_json(value: Any) -> HttpResponse:
    """`value` as JSON that no cache keeps."""
    body = msgspec.json.encode(value)
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def moment(ms: int | None) -> datetime | None:
    """A time in ms for the admin's own formatting."""
    return datetime.fromtimestamp(ms / 1_000, UTC) if ms else None


def doing(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Runs `act` and tells what came of it; whether it succeeded. What is refused is told with its remedy."""
    try:
        act()
    except Refused as refusal:
        messages.error(request, f"{refusal.detail}. {refusal.remedy or ''}".strip())
    except (PlatformError, *Unreachable) as error:
        messages.error(request, f"Nothing was changed: {error}")
    else:
        messages.success(request, done)
        return True
    return False


def name_of(request: HttpRequest) -> str:
    """The member of staff who asks."""
    return request.user.get_username()
