"""A change of a type's security rules: a second person's yes, or taking it back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from templates_app import security_rules
from templates_app.editor.access import permitted, told
from templates_app.models import NotificationType


@require_POST
@permitted("approve_template")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules hold from now on."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        return f"{kind.name} has it from now on: {security_rules.approve(kind, by=request.user.get_username()).said}."

    return told(request, act, _rules_of(kind))


@require_POST
@permitted("change_notificationtype")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The rules stay."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        security_rules.take_back(kind)
        return f"Taken back. The rules of {kind.name} stay as they are."

    return told(request, act, _rules_of(kind))


def _rules_of(kind: NotificationType) -> str:
    return reverse("admin:templates_app_notificationtype_change", args=[kind.pk])
