"""Who may do what on these pages: Django's permissions of `templates_app`, asked before anything else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from foundation.errors import Refused, TemplateError
from templates_app.models import NotificationType

View = Callable[..., HttpResponse]


def may(request: HttpRequest, codename: str) -> bool:
    """Whether who asks has this permission of templates_app."""
    return request.user.has_perm(f"templates_app.{codename}")


def permitted(codename: str) -> Callable[[View], View]:
    """A view of the admin for those who have the permission: others get 403, who isn't logged in the login page."""

    def around(view: View) -> View:
        @wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request, codename):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return run

    return around


def page_context(request: HttpRequest, kind: NotificationType, *, title: str, tab: str = "words") -> dict[str, Any]:
    """What every page of the admin has, with the type's tabs."""
    return {
        **admin.site.each_context(request),
        "kind": kind,
        "opts": NotificationType._meta,
        "original": kind,
        "title": title,
        "tab": tab,
        "is_fullwidth": "1",
    }


def told(request: HttpRequest, act: Callable[[], str], back: str) -> HttpResponse:
    """Does it, says what came of it, and goes `back`."""
    try:
        messages.success(request, act())
    except Refused as refusal:
        messages.error(request, f"{refusal.detail} {refusal.remedy or ''}".strip())
    except TemplateError as error:
        messages.error(request, f"It can't be published: {error}")
    return HttpResponseRedirect(back)
