"""Trying words out: the data of a past event for the preview, and a test sent to oneself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from foundation.errors import Conflict, NotFound, RateLimited, Refused, TemplateError, Unreachable
from preferences.masking import shown_to
from preferences.models import User
from templates_app.above import TestSend, lent
from templates_app.drafts import working_words
from templates_app.editor.access import permitted
from templates_app.editor.fields import LABELS, refuse_unknown
from templates_app.models import NotificationType, TemplateVersion
from templates_app.publish import make_test_version
from templates_app.words import Words

MARK = "[Test] "
MOST_TESTS, PER = 10, timedelta(minutes=1)
REMEMBERED = "templates_app.me"
"""In the session: the user one sends tests to."""


@require_POST
@permitted("see_events")
def events(request: HttpRequest, pk: int) -> HttpResponse:
    """POST `asked`, the id of a notification or of a user: {"events": [{"id", "at", "data"}]} or {"problem"}.

    Contact data is masked for whoever may not see addresses.
    """
    kind = get_object_or_404(NotificationType, pk=pk)
    above, asked = lent(), request.POST.get("asked", "").strip()
    try:
        found = above.events(asked, kind.name) if above and asked else []
    except Unreachable as error:
        return JsonResponse({"problem": f"Past events can't be read now: {error}"})
    if not found:
        return JsonResponse({"problem": f"No past event of {kind.name} is known for “{asked}”."})
    shown = [
        {
            "id": each.id,
            "at": f"{datetime.fromtimestamp(each.at / 1000, UTC):%Y-%m-%d %H:%M} UTC",
            "data": shown_to(request.user, each.data),
        }
        for each in found
    ]
    return JsonResponse({"events": shown})


@require_POST
@permitted("test_template")
def send(request: HttpRequest, pk: int, channel: str) -> HttpResponse:
    """POST `user` and `data`: {"said"} or {"problem"}. What stands in the draft is sent, marked as a test."""
    refuse_unknown(channel)
    kind = get_object_or_404(NotificationType, pk=pk)
    try:
        return JsonResponse({"said": _send(request, kind, channel)})
    except Refused as refusal:
        return JsonResponse({"problem": f"{refusal.detail} {refusal.remedy or ''}".strip()})
    except (TemplateError, Unreachable) as error:
        return JsonResponse({"problem": f"It can't be sent: {error}"})


def _send(request: HttpRequest, kind: NotificationType, channel: str) -> str:
    above, by = lent(), request.user.get_username()
    if above is None:
        raise Conflict("Nothing can be sent from here.", remedy="Use the API.")
    user = _user(request.POST.get("user", "").strip())
    data = _data(request.POST.get("data", ""))
    _refuse_many(by)
    texts = [marked(each) for each in working_words(kind) if each.channel == channel]
    if not texts:
        raise Conflict(f"There are no words for {LABELS[channel]} yet.", remedy="Write them first.")
    version = make_test_version(kind, texts, author=by)
    test = TestSend(
        type=kind.name, user_id=user.user_id, channel=channel, data=data, template_version=version.number, by=by
    )
    id = above.send(test)
    request.session[REMEMBERED] = user.user_id
    language = f"in {user.locale}" if user.locale else f"in {kind.default_locale}, since they have set no language"
    return f"Sent to {user.user_id}, {language}: {id}. Preferences and limits count for it as for any other."


def marked(words: Words) -> Words:
    """The words of a test, which say so."""
    if words.channel == "sms":
        return msgspec.structs.replace(words, body=MARK + words.body)
    return msgspec.structs.replace(words, title=MARK + words.title)


def me(request: HttpRequest) -> str:
    """The user one sent a test to last, else the one with one's own mail address, else nobody ("")."""
    email = getattr(request.user, "email", "")
    known = request.session.get(REMEMBERED, "")
    if known or not email:
        return str(known)
    return User.objects.filter(email=email).values_list("user_id", flat=True).first() or ""


def _user(user_id: str) -> User:
    user = User.objects.filter(user_id=user_id, erased_at=None).first()
    if user is None:
        raise NotFound(f"There is no user “{user_id}”.", field="user", remedy="Give the id of your own account.")
    return user


def _data(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise Conflict(f"The data of the preview is no JSON: {error.msg}.", remedy="Mend it first.") from None
    if not isinstance(value, dict):
        raise Conflict("The data of the preview has to be an object.", remedy="Mend it first.")
    return value


def _refuse_many(by: str) -> None:
    made = TemplateVersion.objects.filter(is_test=True, author=by, published_at__gt=timezone.now() - PER).count()
    if made >= MOST_TESTS:
        raise RateLimited(f"You sent {made} tests within a minute.", remedy="Wait a little.")
