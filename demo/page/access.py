"""Who may see the page: only with settings.DEMO, only from this machine. Everybody else finds nothing here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Any

import msgspec
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from foundation.errors import InvalidRequest
from notifications.api.problems import as_refused, http_problem

View = Callable[..., HttpResponse]
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def demo_only(view: View) -> View:
    """Guards `view`; what it raises of our tree comes out as a problem (RFC 9457), as the API does it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO or not from_here(request):
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except Exception as error:
            refused = as_refused(error)
            if refused is None:
                raise
            return http_problem(refused)

    return guarded


def from_here(request: HttpRequest) -> bool:
    """From loopback, and not handed on by a proxy."""
    if any(request.META.get(name) for name in _FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def answer(value: Any, status: int = 200) -> HttpResponse:
    """`value` as JSON that no cache keeps."""
    body = msgspec.json.encode(value)
    return HttpResponse(body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})


def body_of(request: HttpRequest, kind: type[msgspec.Struct]) -> Any:
    """The request's body as `kind`. Raises InvalidRequest."""
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(str(error), field="$") from error
