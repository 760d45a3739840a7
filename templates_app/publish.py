"""New words: a new version with all texts of its type, and the type's pointer moved to it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from foundation.errors import TemplateError
from templates_app import copies
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType, TemplateText, TemplateVersion
from templates_app.texts import compile_words
from templates_app.words import Words


def publish(kind: NotificationType, texts: Iterable[Words], *, author: str = "", note: str = "") -> TemplateVersion:
    """Publishes `texts` as the next version of `kind`; what is in flight keeps the version it was accepted under.

    Raises TemplateError, with field and line, when one of them can't be compiled: nothing is published then.
    """
    words = list(texts)
    with transaction.atomic():
        row = NotificationType.objects.select_for_update().get(pk=kind.pk)
        number = row.template_version + 1
        for each in words:
            refuse_broken(each, row.name, number)
        version = TemplateVersion.objects.create(type=row, number=number, author=author, note=note)
        TemplateText.objects.bulk_create(_row(version, each) for each in words)
        row.template_version = number
        row.save()
        transaction.on_commit(lambda: copies.keep_texts({(row.pk, number): words}))
    kind.template_version, kind.version = row.template_version, row.version
    return version


def published(kind: NotificationType) -> list[Words]:
    """The texts of the published version."""
    return [
        words_of(row) for row in TemplateText.objects.filter(version__type=kind, version__number=kind.template_version)
    ]


def words_of(row: TemplateText) -> Words:
    """A row's plain values."""
    return Words(row.channel, row.locale, **{field: getattr(row, field) for field in TemplateText.WORDS})


def refuse_broken(words: Words, type_name: str, version: int = 0) -> None:
    """Raises TemplateError, with field and line, when a text can't be compiled."""
    compiled = compile_words(words, type_name, version)
    if isinstance(compiled, TemplateError):
        raise compiled


def announce_change() -> None:
    """Tells every process, this one at once, that types or texts changed. Called after the commit."""
    get_catalog().forget()
    copies.mark_changed()


def _row(version: TemplateVersion, words: Words) -> TemplateText:
    fields = {field: getattr(words, field) for field in TemplateText.WORDS}
    return TemplateText(version=version, channel=words.channel, locale=words.locale, **fields)
