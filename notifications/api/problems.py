"""Errors as RFC 9457 problem details, one shape for all of them.

    {"type": "…/api/docs#invalid_request", "title": …, "status": 400, "detail": …, "code": …, "field": …, "remedy": …}

`code` is the stable word to branch on. `field` is the JSON path of what is wrong. Items of a batch carry the same.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from foundation.control_plane import is_away
from foundation.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from foundation.redis import Unreachable as RedisUnreachable
from notifications.api.rendering import JSONRenderer

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_UNREACHABLE_S = 2.0
TOLD_EACH_S = 1.0

_AWAY = (Unreachable, *RedisUnreachable)

log = logging.getLogger(__name__)

_tell_again_at: dict[str, float] = {}

_CODES = {
    404: ("not_found", "Check the address; /api/docs lists all of them."),
    405: ("method_not_allowed", "Use one of the methods in the Allow header."),
    406: ("not_acceptable", "Accept application/json."),
    415: ("unsupported_media_type", "Send Content-Type: application/json."),
}


def problem(error: Refused) -> dict[str, Any]:
    """The problem details of a refusal, fields that say nothing left out."""
    body: dict[str, Any] = {
        "type": f"/api/docs#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.field is not None:
        body["field"] = error.field
    if error.remedy is not None:
        body["remedy"] = error.remedy
    if error.retry_after is not None:
        body["retry_after"] = error.retry_after
    return body


def headers_of(error: Refused) -> dict[str, str]:
    """The headers that go with a refusal: Retry-After (whole seconds, at least 1), WWW-Authenticate."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def as_refused(error: Exception) -> Refused | None:
    """The refusal that an exception stands for, or None when it is a fault of ours (500)."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, _AWAY) or is_away(error):
        _tell_away(error)
        return Unavailable(
            "A server this needs is away; nothing was written.",
            remedy="Try again after Retry-After; an Idempotency-Key makes that safe.",
            retry_after=RETRY_AFTER_UNREACHABLE_S,
        )
    if isinstance(error, Http404):
        return NotFound("There is nothing at this address.", remedy=_CODES[404][1])
    if isinstance(error, PermissionDenied):
        return Forbidden("This isn't allowed.")
    if isinstance(error, RequestDataTooBig):
        return TooLarge("The body is too large.", field="$", remedy="Send less.")
    if isinstance(error, SuspiciousOperation):
        return InvalidRequest("The request is not valid.")
    return _from_drf(error) if isinstance(error, exceptions.APIException) else None


def _tell_away(error: Exception) -> None:
    """Once in TOLD_EACH_S for each kind: while a server is away every request meets it."""
    kind, now = type(error).__name__, time.monotonic()
    if now >= _tell_again_at.get(kind, now):
        _tell_again_at[kind] = now + TOLD_EACH_S
        log.warning("a server of ours is away: %s: %s", kind, error)


def _from_drf(error: exceptions.APIException) -> Refused:
    detail = str(error.detail if isinstance(error.detail, str) else error.default_detail)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Unauthenticated(detail)
    if isinstance(error, exceptions.PermissionDenied):
        return Forbidden(detail)
    if isinstance(error, exceptions.Throttled):
        return RateLimited(detail, retry_after=error.wait)
    code, remedy = _CODES.get(error.status_code, ("invalid_request", "See /api/docs."))
    refused = Refused(detail, code=code, remedy=remedy)
    refused.status, refused.title = error.status_code, type(error).__name__
    return refused


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None (a bug of ours) lets Django answer 500."""
    refused = as_refused(error)
    if refused is None:
        return None
    return Response(problem(refused), status=refused.status, headers=headers_of(refused), content_type=MEDIA_TYPE)


def http_problem(error: Refused) -> HttpResponse:
    """The same outside DRF: middlewares and Django's own error pages."""
    body = JSONRenderer().render(problem(error))
    return HttpResponse(body, status=error.status, headers=headers_of(error), content_type=MEDIA_TYPE)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: a problem under /api/, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return http_problem(NotFound("There is nothing at this address.", remedy=_CODES[404][1]))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a problem under /api/ that tells nothing of our insides."""
    if request.path.startswith("/api/"):
        fault = Refused("Something went wrong on our side.", code="internal", remedy="Try again; it has been logged.")
        fault.status, fault.title = 500, "Internal error"
        return http_problem(fault)
    return defaults.server_error(request)
