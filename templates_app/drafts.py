"""A type's draft: the words as they are being written, until they are published, proposed, or discarded.

Whoever edits writes into the draft; what is published stays as it is. All of these lock the draft's row, and raise
Conflict, with a sentence and a remedy, for what can't be done.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from foundation.errors import Conflict
from templates_app.models import Draft, DraftText, NotificationType
from templates_app.models.texts import TextFields
from templates_app.publish import published, written_of
from templates_app.words import Words

At = tuple[str, str]
"""(channel, locale)."""


def draft_of(kind: NotificationType) -> Draft | None:
    """The type's draft, with its texts at hand; None when nobody is writing."""
    return Draft.objects.select_related("type").prefetch_related("texts").filter(type=kind).first()


def working_words(kind: NotificationType) -> list[Words]:
    """What an author sees: the draft's words, else the published ones."""
    draft = draft_of(kind)
    return [written_of(row) for row in draft.texts.all()] if draft else written(published(kind))


def written(texts: Iterable[Words]) -> list[Words]:
    """Without the copies of what they share."""
    return [
        Words(each.channel, each.locale, **{name: getattr(each, name) for name in TextFields.WRITTEN}) for each in texts
    ]


def change_text(kind: NotificationType, words: Words, *, by: str, revision: int | None = None) -> int:
    """Writes one text into the draft, which is begun if need be; gives the text's new revision.

    `revision` is the one that was on the screen (0: none): another in the draft means that somebody wrote meanwhile.
    """
    with transaction.atomic():
        draft = open_draft(kind, by)
        row = draft.texts.filter(channel=words.channel, locale=words.locale).first()
        if row and row.changed_by not in ("", by) and revision is not None and row.revision != revision:
            raise Conflict(
                f"{row.changed_by} changed this text meanwhile; yours isn't saved.",
                remedy="Keep your words aside and load the page again.",
            )
        row = row or DraftText(draft=draft, channel=words.channel, locale=words.locale, revision=0)
        for name in TextFields.WRITTEN:
            setattr(row, name, getattr(words, name))
        row.revision, row.changed_by = row.revision + 1, by
        row.full_clean(exclude=("draft",))
        row.save()
    return row.revision


def remove_text(kind: NotificationType, at: At, *, by: str) -> None:
    """Takes a channel's text in one locale out of the draft."""
    with transaction.atomic():
        open_draft(kind, by).texts.filter(channel=at[0], locale=at[1]).delete()


def replace_texts(kind: NotificationType, texts: Iterable[Words], *, by: str, note: str = "") -> Draft:
    """Makes these the draft's words, whatever stood there."""
    with transaction.atomic():
        draft = open_draft(kind, by, note=note)
        draft.texts.all().delete()
        DraftText.objects.bulk_create(_row(draft, each, by) for each in texts)
    return draft


def discard(kind: NotificationType) -> None:
    """Forgets the draft; what is published stays."""
    Draft.objects.filter(type=kind).delete()


def open_draft(kind: NotificationType, by: str, *, note: str = "") -> Draft:
    """The draft, begun from the published words if there is none. Within a transaction. Refuses a proposed one."""
    locked = NotificationType.objects.select_for_update().get(pk=kind.pk)
    draft = Draft.objects.filter(type=locked).first()
    if draft is None:
        draft = Draft.objects.create(type=locked, base=locked.template_version, changed_by=by, note=note)
        DraftText.objects.bulk_create(_row(draft, each, "") for each in published(locked))
    if draft.is_proposed:
        raise Conflict(
            f"{draft.proposed_by} has proposed this draft, so its words stay as they are.",
            remedy="Take the proposal back to go on writing.",
        )
    draft.changed_by, draft.problem, draft.note = by, "", note or draft.note
    draft.save()
    return draft


def is_behind(draft: Draft) -> bool:
    """Whether another version was published since the draft was begun."""
    return draft.base != draft.type.template_version


def bring_up_to_date(kind: NotificationType, *, by: str) -> list[At]:
    """Takes over what was published since the draft was begun, text by text.

    Gives the texts that were changed on both sides: these keep the draft's words.
    """
    with transaction.atomic():
        draft = open_draft(kind, by)
        merged, both = merge(
            base=_published_as(draft.type, draft.base),
            mine=[written_of(row) for row in draft.texts.all()],
            theirs=written(published(draft.type)),
        )
        draft = replace_texts(kind, merged, by=by)
        draft.base = draft.type.template_version
        draft.save()
    return both


def merge(*, base: list[Words], mine: list[Words], theirs: list[Words]) -> tuple[list[Words], list[At]]:
    """Three sets of texts as one: what I didn't change takes theirs. And the places both changed: they keep mine."""
    was, my, their = _by_place(base), _by_place(mine), _by_place(theirs)
    places = sorted({*my, *their})
    changed = {at for at in places if my.get(at) != was.get(at)}
    both = [at for at in places if at in changed and their.get(at) not in (was.get(at), my.get(at))]
    chosen = [my.get(at) if at in changed else their.get(at) for at in places]
    return [words for words in chosen if words], both


def _published_as(kind: NotificationType, number: int) -> list[Words]:
    version = kind.versions.filter(number=number).first()
    return [written_of(row) for row in version.texts.all()] if version else []


def _by_place(texts: Iterable[Words]) -> dict[At, Words]:
    return {(each.channel, each.locale): each for each in texts}


def _row(draft: Draft, words: Words, by: str) -> DraftText:
    fields = {name: getattr(words, name) for name in TextFields.WRITTEN}
    return DraftText(draft=draft, channel=words.channel, locale=words.locale, changed_by=by, **fields)
