"""A text tried on data: what it yields, field by field, and what fails."""

from __future__ import annotations

from typing import Any

import msgspec

from foundation.errors import TemplateError
from templates_app.compiled import CompiledText
from templates_app.content import Content
from templates_app.lint.finding import ERROR, Finding, of_error
from templates_app.recipient import shown
from templates_app.sandbox.data import refuse_unfit
from templates_app.words import Words

READER = "usr_42"
FIELDS = ("title", "body", "html", "action_url", "image", "data_template")


class Trial(msgspec.Struct, frozen=True):
    """`content` holds the fields that could be rendered."""

    content: Content
    findings: list[Finding]


def attempt(words: Words, data: dict[str, Any], *, type_name: str = "") -> Trial:
    """Renders `words` (frozen: with what they share) on `data`. Never raises for what is wrong with either."""
    try:
        refuse_unfit(data)
    except ValueError as error:
        return Trial(Content(locale=words.locale), [Finding(ERROR, "example", str(error))])
    try:
        return Trial(_render(words, data, type_name), [])
    except TemplateError:
        return _field_by_field(words, data, type_name)


def _field_by_field(words: Words, data: dict[str, Any], type_name: str) -> Trial:
    """One field that fails hides none of the others."""
    findings: list[Finding] = []
    good = words
    for field in FIELDS:
        if not getattr(words, field):
            continue
        alone = msgspec.structs.replace(
            words, **{name: {} if name == "data_template" else "" for name in FIELDS if name != field}
        )
        try:
            _render(alone, data, type_name)
        except TemplateError as error:
            findings.append(of_error(error))
            good = msgspec.structs.replace(good, **{field: {} if field == "data_template" else ""})
    try:
        return Trial(_render(good, data, type_name), findings)
    except TemplateError as error:  # each alone is small enough, all together aren't
        return Trial(Content(locale=words.locale), [*findings, of_error(error)])


def _render(words: Words, data: dict[str, Any], type_name: str) -> Content:
    text = CompiledText(words, name="draft", type_name=type_name, version=0)
    return text.render(data, shown(READER, words.locale, channel=words.channel))
