"""Types whose published mails use a layout or a partial, published anew so that they take it as it is now."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F

from templates_app.drafts import written
from templates_app.models import Draft, NotificationType, SharedHtml, TemplateText
from templates_app.publish import publish, published
from templates_app.publishing import Done, propose_words
from templates_app.sharing import key_of


def users_of(rows: Iterable[SharedHtml]) -> list[NotificationType]:
    """The types whose published mails carry a copy of one of these, by name. Two queries."""
    keys = {key_of(row.kind, row.name) for row in rows}
    texts = TemplateText.objects.filter(channel="email", version__number=F("version__type__template_version"))
    using = {key for key, shared in texts.values_list("version__type_id", "shared") if keys & set(shared)}
    return list(NotificationType.objects.filter(pk__in=using).order_by("name"))


def publish_anew(kinds: Iterable[NotificationType], *, by: str, note: str) -> list[Done]:
    """The published words once more, with what they share as it is now; those of security types are proposed.

    Raises Conflict for a security type that somebody is writing, TemplateError for words that don't compile with it.
    """
    return [_once_more(kind, by, note) for kind in kinds]


def _once_more(kind: NotificationType, by: str, note: str) -> Done:
    words = written(published(kind))
    if kind.needs_two:
        return propose_words(kind, words, by=by, note=note)
    return publish(kind, words, author=by, note=note)


def waiting(done: Iterable[Done]) -> int:
    """How many of them wait for a second person."""
    return sum(isinstance(each, Draft) for each in done)
