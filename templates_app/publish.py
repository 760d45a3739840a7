"""New words: a new version with all texts of its type, and the type's pointer moved to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from django.db import transaction
from django.db.models import Max

from foundation.control_plane import control_plane
from foundation.errors import TemplateError
from templates_app import copies
from templates_app.catalog import get_catalog
from templates_app.models import NotificationType, TemplateText, TemplateVersion
from templates_app.models.texts import TextFields
from templates_app.sharing import freeze
from templates_app.texts import compile_words
from templates_app.words import Words


def publish(
    kind: NotificationType,
    texts: Iterable[Words],
    *,
    author: str = "",
    note: str = "",
    approved_by: str = "",
    approved_at: datetime | None = None,
) -> TemplateVersion:
    """Publishes `texts` as the next version of `kind`; what is in flight keeps the version it was accepted under.

    Raises TemplateError, with field and line, when one of them can't be compiled: nothing is published then.
    """
    with transaction.atomic():
        row = NotificationType.objects.select_for_update().get(pk=kind.pk)
        version, words = _make_version(row, texts, author=author, note=note)
        version.approved_by, version.approved_at = approved_by, approved_at
        version.save(update_fields=["approved_by", "approved_at"])
        row.template_version = version.number
        row.save()
        transaction.on_commit(lambda: copies.keep_texts({(row.pk, version.number): words}))
    kind.template_version, kind.version = row.template_version, row.version
    return version


def make_test_version(kind: NotificationType, texts: Iterable[Words], *, author: str) -> TemplateVersion:
    """A version that nobody is given unless a notification names its number: what a test of a draft is sent under.

    Raises TemplateError, with field and line.
    """
    with transaction.atomic():
        row = NotificationType.objects.select_for_update().get(pk=kind.pk)
        version, _ = _make_version(row, texts, author=author, note="test", is_test=True)
    return version


def purge_tests(*, kept_since: int) -> None:
    """Removes versions made for tests before `kept_since` (ms): nothing on the log asks for them any more.

    Raises ControlPlaneUnavailable.
    """
    with control_plane():
        before = datetime.fromtimestamp(kept_since / 1000, UTC)
        TemplateVersion.objects.filter(is_test=True, published_at__lt=before).delete()


def _make_version(
    row: NotificationType, texts: Iterable[Words], *, author: str, note: str, is_test: bool = False
) -> tuple[TemplateVersion, list[Words]]:
    highest = row.versions.aggregate(highest=Max("number"))["highest"] or 0
    number = max(row.template_version, highest) + 1
    words = freeze(list(texts))
    for each in words:
        refuse_broken(each, row.name, number)
    before = _changed_in(row)
    version = TemplateVersion.objects.create(type=row, number=number, author=author, note=note[:200], is_test=is_test)
    TemplateText.objects.bulk_create(_row(version, each, before) for each in words)
    return version, words


Changes = dict[tuple[str, str], tuple[Words, int]]
"""(channel, locale) → what is published there, and the version in which it was last changed."""


def _changed_in(kind: NotificationType) -> Changes:
    rows = TemplateText.objects.filter(version__type=kind, version__number=kind.template_version)
    return {(row.channel, row.locale): (written_of(row), row.changed_in) for row in rows}


def published(kind: NotificationType) -> list[Words]:
    """The texts of the published version."""
    return [
        words_of(row) for row in TemplateText.objects.filter(version__type=kind, version__number=kind.template_version)
    ]


def words_of(row: TemplateText) -> Words:
    """A row's plain values."""
    return Words(row.channel, row.locale, **{field: getattr(row, field) for field in TemplateText.WORDS})


def written_of(row: TextFields) -> Words:
    """What an author wrote, without the copies of what it shares: of a draft's text too."""
    return Words(row.channel, row.locale, **{field: getattr(row, field) for field in TextFields.WRITTEN})


def refuse_broken(words: Words, type_name: str, version: int = 0) -> None:
    """Raises TemplateError, with field and line, when a text can't be compiled."""
    compiled = compile_words(words, type_name, version)
    if isinstance(compiled, TemplateError):
        raise compiled


def announce_change() -> None:
    """Tells every process, this one at once, that types or texts changed. Called after the commit."""
    get_catalog().forget()
    copies.mark_changed()


def _row(version: TemplateVersion, words: Words, before: Changes) -> TemplateText:
    fields = {field: getattr(words, field) for field in TemplateText.WORDS}
    old, changed_in = before.get((words.channel, words.locale), (None, 0))
    same = old == msgspec.structs.replace(words, shared={})
    return TemplateText(
        version=version,
        channel=words.channel,
        locale=words.locale,
        changed_in=changed_in if same else version.number,
        **fields,
    )
