"""How these pages are shown: in the user's language, to nobody else, without scripts, in nobody's frame or cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation.trans_real import parse_accept_lang_header

from foundation.errors import Refused, Unavailable
from notifications.api.problems import as_refused, headers_of
from notifications.pages.words import Words, words_for
from preferences.models import User

# The address is the key: it goes to nobody, not as a referrer and not into an index.
PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
View = Callable[..., HttpResponse]


def words_of(request: HttpRequest, user_id: str = "") -> Words:
    """In the user's own language, else their browser's. Raises what the ORM does when SQL is away."""
    locale = User.objects.filter(user_id=user_id).values_list("locale", flat=True).first() if user_id else ""
    accepted = [name for name, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())]
    return words_for([locale or "", *accepted])


def show(request: HttpRequest, name: str, words: Words, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page of ours."""
    filled = {"words": words, "brand": settings.TEMPLATE_BRAND, **context}
    text = render_to_string(f"notifications/{name}.html", filled, request)
    return HttpResponse(text, status=status, headers=PRIVATE)


def told_to_people(view: View) -> View:
    """A view whose refusals are pages: 404 for a link that isn't ours, 503 for a server that is away."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Exception as error:
            refused = as_refused(error)
            if refused is None:
                raise
            return _refusal(request, refused)

    return shown


def _refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    words = words_of(request)
    if isinstance(refused, Unavailable):
        title, why = words.later, words.later_why
    elif refused.status == 404:
        title, why = words.unknown, words.unknown_why
    else:
        title, why = words.later, words.odd
    answer = show(request, "notice", words, status=refused.status, title=title, why=why)
    for header, value in headers_of(refused).items():
        answer[header] = value
    return answer


def called(category: str) -> str:
    """A category's name as people read it: `order_updates` is "Order updates"."""
    return category.replace("_", " ").capitalize()
