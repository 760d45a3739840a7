"""Looks at a folder of templates as the editor looks at words: for CI, without a database."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from django.core.exceptions import ValidationError

from templates_app.files.folder import TYPE_FILE, Folder, TextFile, Trouble, TypeFolder
from templates_app.lint.finding import ERROR, Finding
from templates_app.lint.whole import Surroundings, lint
from templates_app.models import NotificationType
from templates_app.sharing import freeze_with
from templates_app.variables.schema import examples
from templates_app.words import Words


class Found(msgspec.Struct, frozen=True):
    """A finding in a file. `level` is error, warning or hint."""

    trouble: Trouble
    level: str


def check(folder: Folder) -> list[Found]:
    """Everything that is found, file by file."""
    found = [Found(each, ERROR) for each in folder.troubles]
    for kind in folder.types:
        if kind.rules:
            found += _of_rules(kind)
        found += _of_texts(kind, folder)
    return sorted(found, key=lambda each: (str(each.trouble.path), each.trouble.line))


def _of_rules(kind: TypeFolder) -> Iterator[Found]:
    try:
        NotificationType(name=kind.name, **kind.rules).clean_fields()
    except (ValidationError, TypeError, ValueError) as error:
        messages = error.message_dict if isinstance(error, ValidationError) else {"type": [str(error)]}
        for field, why in messages.items():
            yield Found(Trouble(kind.path / TYPE_FILE, 1, f"{field}: {' '.join(why)}"), ERROR)


def _of_texts(kind: TypeFolder, folder: Folder) -> Iterator[Found]:
    frozen = freeze_with([each.words for each in kind.texts], folder.shared)
    around = Surroundings(
        type_name=kind.name,
        default_locale=str(kind.rules.get("default_locale", "en")),
        marketing=bool(kind.rules.get("marketing")),
        variables=kind.variables,
        texts=frozen,
    )
    data = examples(kind.variables)
    told: set[str] = set()
    for file, words in zip(kind.texts, frozen, strict=True):
        for finding in _findings(words, data, around):
            if finding.field or finding.text not in told:
                told.add(finding.text)
                yield Found(_at(file, finding), finding.level)


def _findings(words: Words, data: dict[str, object], around: Surroundings) -> list[Finding]:
    return lint(words, data, around)[1]


def _at(file: TextFile, finding: Finding) -> Trouble:
    """The file's line: where the field begins, and the finding's line in it."""
    start = file.lines.get(finding.field, 1)
    return Trouble(file.path, start + max(0, (finding.line or 1) - 1), finding.text)
