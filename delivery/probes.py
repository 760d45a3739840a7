"""What machines ask of web: metrics, and whether it lives and can take events."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from delivery import metrics, readiness
from foundation.errors import Refused
from notifications.api.permissions import require_scope
from notifications.api.problems import MEDIA_TYPE, headers_of, problem
from notifications.credentials import authenticate

SCOPE = "operate"


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when events can be accepted, else 503."""
    its = readiness.ask()
    body = {"status": "ready" if its.can_accept else "not ready", "parts": its.parts, "spools": its.spools}
    return JsonResponse(body, status=200 if its.can_accept else 503)


@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """Prometheus' metrics: for this machine itself, or a token with the scope `operate`."""
    try:
        if not _from_here(request):
            _require_operator(request)
    except Refused as refused:
        return JsonResponse(
            problem(refused), status=refused.status, headers=headers_of(refused), content_type=MEDIA_TYPE
        )
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _from_here(request: HttpRequest) -> bool:
    """From loopback, and not handed on by a proxy."""
    if request.META.get("HTTP_X_FORWARDED_FOR") or request.META.get("HTTP_FORWARDED"):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _require_operator(request: HttpRequest) -> None:
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    require_scope(authenticate(secret), SCOPE)
