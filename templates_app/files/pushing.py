"""Takes a folder of templates over: types, variables, shared HTML, and words as new versions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from django.db import transaction

from templates_app.files.folder import Folder, TypeFolder
from templates_app.models import NotificationType, SharedHtml
from templates_app.publish import publish, published
from templates_app.publishing import propose_words
from templates_app.security_rules import held_back, open_change, propose
from templates_app.sharing import freeze
from templates_app.variables.rows import declared, set_variables
from templates_app.words import Words


class Pushed(msgspec.Struct, frozen=True):
    """What was done about a type or a piece of shared HTML."""

    name: str
    done: str


def push(folder: Folder, *, by: str, note: str, dry: bool = False) -> list[Pushed]:
    """All of it or nothing. What isn't in the folder stays as it is. `dry`: only says what would be done.

    Words of security types are proposed, and so is what makes a type that is there one or none: a second person
    approves them in the admin. Raises TemplateError, ValidationError, Conflict.
    """
    with transaction.atomic():
        done = [*_shared(folder), *(each for kind in folder.types for each in _type(kind, by, note))]
        if dry:
            transaction.set_rollback(True)
    return done


def _shared(folder: Folder) -> Iterator[Pushed]:
    for (kind, name), source in folder.shared.items():
        row, is_new = SharedHtml.objects.get_or_create(kind=kind, name=name, defaults={"source": source})
        if is_new or row.source != source:
            row.source = source
            row.full_clean()
            row.save()
            yield Pushed(f"{kind} {name}", "added" if is_new else "changed")


def _type(its: TypeFolder, by: str, note: str) -> Iterator[Pushed]:
    row = NotificationType.objects.filter(name=its.name).first()
    is_new, row = row is None, row or NotificationType(name=its.name)
    changed = [name for name, value in its.rules.items() if getattr(row, name) != value]
    if is_new or changed:
        for name in changed:
            setattr(row, name, its.rules[name])
        row.full_clean()
        wanted = held_back(row)
        row.save()
        if plain := [name for name in changed if name not in wanted]:
            yield Pushed(its.name, "added" if is_new else f"changed {', '.join(plain)}")
        if wanted and not _is_proposed(row, wanted):
            yield Pushed(its.name, f"{propose(row, wanted, by=by).said}: proposed; a second person approves it")
    if declared(row.variables.all()) != its.variables:
        set_variables(row, its.variables)
        yield Pushed(its.name, f"{len(its.variables)} variables")
    words = [each.words for each in its.texts]
    if _differ(words, published(row)):
        yield Pushed(its.name, _publish(row, words, by, note))


def _is_proposed(kind: NotificationType, wanted: dict[str, bool]) -> bool:
    """The same folder again proposes nothing anew."""
    there = open_change(kind)
    return there is not None and there.wanted == wanted


def _publish(kind: NotificationType, words: list[Words], by: str, note: str) -> str:
    if not kind.needs_two:
        return f"published as version {publish(kind, words, author=by, note=note).number}"
    propose_words(kind, words, by=by, note=note)
    return "proposed; a second person approves it in the admin"


def _differ(words: list[Words], there: list[Words]) -> bool:
    """Whether publishing would change anything: the words, or the layouts and partials they would be frozen with."""
    return _by_place(freeze(words)) != _by_place(there)


def _by_place(texts: list[Words]) -> dict[tuple[str, str], Words]:
    return {(each.channel, each.locale): each for each in texts}
