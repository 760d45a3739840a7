"""CORS for the API by ALLOWED_ORIGINS, the setting that sockets are checked by too. A refusal names it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from foundation.errors import Forbidden
from notifications.api.problems import http_problem

_PATH = "/api/"
_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_HEADERS = "Authorization, Content-Type, Idempotency-Key"
_EXPOSED = "Location, Retry-After"
_MAX_AGE_S = "600"


class CorsMiddleware:
    """Answers preflights and marks the API's answers. Tokens travel in headers, so cookies aren't let through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin")
        if origin is None or not request.path.startswith(_PATH):
            return self.get_response(request)
        allowed = origin in settings.ALLOWED_ORIGINS
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = _preflight() if allowed else _refused(origin)
        else:
            response = self.get_response(request)
        patch_vary_headers(response, ["Origin"])
        if allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = _EXPOSED
        return response


def _preflight() -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": _MAX_AGE_S,
        },
    )


def _refused(origin: str) -> HttpResponse:
    return http_problem(
        Forbidden(
            f"Pages of the origin {origin} may not call this API.",
            code="origin_not_allowed",
            remedy="Add the origin to the setting ALLOWED_ORIGINS.",
        )
    )
