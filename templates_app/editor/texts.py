"""Texts that come and go: a language is added, a text is removed, a draft is discarded or brought up to date."""

from __future__ import annotations

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from foundation.errors import Conflict
from templates_app import drafts, publishing
from templates_app.editor.access import permitted, told
from templates_app.editor.fields import refuse_unknown
from templates_app.editor.page import address
from templates_app.models import NotificationType
from templates_app.models.texts import is_locale
from templates_app.words import Words


@require_POST
@permitted("change_draft")
def add(request: HttpRequest, pk: int, channel: str) -> HttpResponse:
    """A text in another language, begun with a copy of the one in `from`, on every channel with `everywhere`."""
    refuse_unknown(channel)
    kind = get_object_or_404(NotificationType, pk=pk)
    locale, source = request.POST.get("locale", "").strip(), request.POST.get("from", "")

    def act() -> str:
        texts = drafts.working_words(kind)
        there = {(each.channel, each.locale): each for each in texts}
        spoken = {each.channel for each in texts if each.locale == source}
        for name in sorted({channel} | (spoken if request.POST.get("everywhere") else set())):
            begun = msgspec.structs.replace(there.get((name, source), Words(name, source)), locale=locale)
            if (name, locale) not in there:
                _write(kind, begun, request)
        return f"{locale} is begun in the draft" + (f", with the words in {source}." if source else ".")

    return told(request, act, address(kind, channel, locale if is_locale(locale) else kind.default_locale))


@require_POST
@permitted("change_draft")
def remove(request: HttpRequest, pk: int, channel: str, locale: str) -> HttpResponse:
    """Out of the draft; once that is published the channel is silent in this language, or another one stands in."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        drafts.remove_text(kind, (channel, locale), by=request.user.get_username())
        return f"{channel} in {locale} is taken out of the draft. Discarding the draft brings it back."

    return told(request, act, _words_of(kind))


@require_POST
@permitted("change_draft")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Forgets the draft."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        drafts.discard(kind)
        return "The draft is discarded; the published words are as they were."

    return told(request, act, _words_of(kind))


@require_POST
@permitted("change_draft")
def bring_up_to_date(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes over what was published meanwhile."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        both = drafts.bring_up_to_date(kind, by=request.user.get_username())
        kept = ", ".join(f"{channel} {locale}" for channel, locale in both)
        return f"Up to date. Changed on both sides, yours kept: {kept}" if kept else "The draft is up to date."

    return told(request, act, reverse("admin:templates_app_compare", args=[pk]))


@require_POST
@permitted("change_draft")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Opens a proposed or scheduled draft for writing again."""
    kind = get_object_or_404(NotificationType, pk=pk)

    def act() -> str:
        publishing.take_back(kind)
        return "It is a draft again; nothing is published until somebody says so."

    return told(request, act, _words_of(kind))


def _write(kind: NotificationType, words: Words, request: HttpRequest) -> None:
    try:
        drafts.change_text(kind, words, by=request.user.get_username())
    except ValidationError as error:
        raise Conflict(" ".join(error.messages), field="locale") from None


def _words_of(kind: NotificationType) -> str:
    return reverse("admin:templates_app_words", args=[kind.pk])
