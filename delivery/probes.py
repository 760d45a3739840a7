"""What machines ask of web: metrics, and whether it lives and can take events."""

from __future__ import annotations

from ipaddress import ip_address

from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from delivery import metrics
from delivery.figures import probe
from foundation.control_plane import control_plane
from foundation.errors import Refused
from foundation.redis import get_redis
from notifications.api.permissions import require_scope
from notifications.api.problems import MEDIA_TYPE, headers_of, problem
from notifications.credentials import authenticate
from notifications.log import get_log
from notifications.topology import RAW

SCOPE = "operate"
OK = "ok"


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when events can be accepted, else 503. That needs the log and Redis; with the database away it goes on."""
    needed = {"log": probe(lambda: get_log().end_offsets(RAW)), "redis": probe(lambda: get_redis().ping())}
    wanted = {"database": probe(lambda: _ask("default")), "store": probe(lambda: _ask("store"))}
    can_accept = all(answer == OK for answer in needed.values())
    body = {"status": "ready" if can_accept else "not ready", "parts": {**needed, **wanted}}
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


def _ask(database: str) -> None:
    if database == "default":
        with control_plane(), connections[database].cursor() as cursor:
            cursor.execute("SELECT 1")
    else:
        from notifications.store import get_store

        get_store().timelines(["notif_0"])
