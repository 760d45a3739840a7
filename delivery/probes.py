"""What machines ask of web: metrics, and whether it lives and can take events."""

from __future__ import annotations

from functools import partial
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from delivery import metrics, sidebyside
from delivery.servers import SERVERS
from foundation import probing
from foundation.errors import Refused
from foundation.probing import OK
from notifications import spool
from notifications.api.permissions import require_scope
from notifications.api.problems import MEDIA_TYPE, headers_of, problem
from notifications.credentials import authenticate

SCOPE = "operate"
PATIENCE_S = 1.5


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when events can be accepted, else 503.

    That needs Redis, and the log or a spool (then the critical ones are taken); with the database or the store away it
    goes on. All are asked at once, and nobody waits longer than PATIENCE_S.
    """
    answers = sidebyside.ask({name: partial(probing.probe, ask) for name, ask in SERVERS.items()}, PATIENCE_S)
    parts = {name: str(answer) for name, answer in answers.items()}
    spools = spool.current() is not None
    can_accept = parts["redis"] == OK and (parts["log"] == OK or spools)
    body = {"status": "ready" if can_accept else "not ready", "parts": parts, "spools": spools}
    return JsonResponse(body, status=200 if can_accept else 503)


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
