"""From a draft to a version: at once, at a time, or after a second person's look (security types).

All raise Conflict, with a sentence and a remedy, for what can't be done, and TemplateError, with field and line, for
words that can't be compiled: nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from foundation.errors import Conflict, TemplateError
from templates_app.drafts import is_behind, open_draft, replace_texts, written
from templates_app.lint.trial import attempt
from templates_app.models import Draft, NotificationType, TemplateVersion
from templates_app.publish import publish, refuse_broken, words_of, written_of
from templates_app.security_rules import of_types_that_need_two
from templates_app.sharing import freeze
from templates_app.words import Words

log = structlog.get_logger(__name__)

PROBLEM_MAX = 500

Done = TemplateVersion | Draft
"""The version that was published, or the draft that waits."""


def propose(kind: NotificationType, *, by: str, note: str = "", publish_at: datetime | None = None) -> Done:
    """Publishes the draft; with `publish_at` at that time; a security type's waits for somebody to approve it."""
    with transaction.atomic():
        if not Draft.objects.select_for_update().filter(type=kind).exists():
            raise Conflict("There is no draft to publish.", remedy="Somebody else may have published it; look again.")
        draft = open_draft(kind, by, note=note)
        _refuse_unready(draft)
        draft.proposed_by, draft.proposed_at, draft.publish_at = by, timezone.now(), publish_at
        draft.save()
        if publish_at or draft.type.needs_two:
            return draft
        return _publish(draft)


def approve(kind: NotificationType, *, by: str) -> Done:
    """A second person's yes: publishes the draft, or leaves it to its time."""
    with transaction.atomic():
        draft = _proposed(kind)
        if by == draft.proposed_by:
            raise Conflict(
                "You proposed this yourself: a second person has to approve it.", remedy="Ask somebody who may approve."
            )
        draft.approved_by, draft.approved_at = by, timezone.now()
        draft.save()
        return draft if draft.publish_at and draft.publish_at > timezone.now() else _publish(draft)


def take_back(kind: NotificationType) -> Draft:
    """Opens a proposed draft for writing again: its time and its approval are forgotten."""
    with transaction.atomic():
        draft = _proposed(kind)
        _take_back(draft)
        draft.save()
    return draft


def roll_back(kind: NotificationType, number: int, *, by: str) -> Done:
    """Publishes the words of version `number` anew, looking as they did; a security type's wait for approval.

    The draft that somebody writes stays. For a security type there has to be none, since the old words become one.
    """
    version = kind.versions.filter(number=number, is_test=False).first()
    if version is None:
        raise Conflict(f"There is no version {number}.", remedy="Choose one of the history.")
    note, texts = f"version {number} again", [words_of(row) for row in version.texts.all()]
    if not kind.needs_two:
        return publish(kind, texts, author=by, note=note)
    return propose_words(kind, written(texts), by=by, note=note)


def propose_words(kind: NotificationType, texts: Sequence[Words], *, by: str, note: str) -> Done:
    """Makes these a draft and proposes it. Refused where somebody is writing: their draft would be lost."""
    with transaction.atomic():
        NotificationType.objects.select_for_update().get(pk=kind.pk)
        if Draft.objects.filter(type=kind).exists():
            raise Conflict(
                f"There is a draft of {kind.name}, and these words would have to become one.",
                remedy="Publish or discard the draft first.",
            )
        replace_texts(kind, texts, by=by, note=note)
        return propose(kind, by=by, note=note)


def publish_due(now: datetime | None = None) -> list[TemplateVersion]:
    """Publishes the drafts whose time has come. A draft that can't be is opened again, with the reason on it."""
    due = Q(publish_at__lte=now or timezone.now()) & (~of_types_that_need_two() | ~Q(approved_by=""))
    return [
        version
        for kind in NotificationType.objects.filter(pk__in=Draft.objects.filter(due).values("type"))
        if (version := _publish_scheduled(kind))
    ]


def _publish_scheduled(kind: NotificationType) -> TemplateVersion | None:
    try:
        with transaction.atomic():
            draft = _proposed(kind)
            return _publish(draft)
    except Conflict as error:
        why = error.detail
    except TemplateError as error:
        why = str(error)
    log.warning("a scheduled publishing failed", type=kind.name, why=why)
    _open_again(kind, f"It wasn't published at its time: {why}"[:PROBLEM_MAX])
    return None


def _open_again(kind: NotificationType, problem: str) -> None:
    draft = Draft.objects.filter(type=kind).exclude(proposed_by="").first()
    if draft is not None:
        _take_back(draft)
        draft.problem = problem
        draft.save()


def _take_back(draft: Draft) -> None:
    draft.proposed_by = draft.approved_by = ""
    draft.proposed_at = draft.approved_at = draft.publish_at = None


def _publish(draft: Draft) -> TemplateVersion:
    _refuse_unready(draft)
    version = publish(
        draft.type,
        [written_of(row) for row in draft.texts.all()],
        author=draft.proposed_by,
        note=draft.note,
        approved_by=draft.approved_by,
        approved_at=draft.approved_at,
    )
    draft.delete()
    return version


def _proposed(kind: NotificationType) -> Draft:
    draft = Draft.objects.select_for_update().select_related("type").filter(type=kind).first()
    if draft is None or not draft.is_proposed:
        raise Conflict("Nothing is proposed here.", remedy="Somebody else may have acted; look at the page again.")
    return draft


def _refuse_unready(draft: Draft) -> None:
    if is_behind(draft):
        raise Conflict(
            f"Version {draft.type.template_version} was published after this draft was begun.",
            remedy="Bring the draft up to date first: what you didn't touch takes the newer words.",
        )
    for words in freeze([written_of(row) for row in draft.texts.all()]):
        refuse_broken(words, draft.type.name)
        if draft.type.example:
            _refuse_failing(words, draft.type)


def _refuse_failing(words: Words, kind: NotificationType) -> None:
    findings = attempt(words, kind.example, type_name=kind.name).findings
    if findings:
        first = findings[0]
        where = f"{words.channel} in {words.locale}, {first.field}" + (f" line {first.line}" if first.line else "")
        raise Conflict(
            f"It can't be published, it fails on the type's example: {where}: {first.text}.",
            remedy="Mend the words, or the example of the type's variables.",
        )
