"""Everything that is looked at while a text is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from templates_app.content import Content
from templates_app.lint.finding import ERROR, WARNING, Finding, in_order
from templates_app.lint.languages import untranslated
from templates_app.lint.lengths import empty, too_long
from templates_app.lint.links import broken
from templates_app.lint.names import undeclared, unused
from templates_app.lint.optional import needs_optional
from templates_app.lint.trial import attempt
from templates_app.variables.kinds import Declared
from templates_app.words import Words

UNSUBSCRIBE = "unsubscribe_url"


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a text is looked at with: its type's rules, its variables, and its other texts (frozen)."""

    type_name: str
    default_locale: str
    marketing: bool
    variables: Sequence[Declared]
    texts: Sequence[Words]


def lint(words: Words, data: dict[str, Any], around: Surroundings) -> tuple[Content, list[Finding]]:
    """What `words` (frozen) yield on `data`, and everything that may be wrong with them, the worst first."""
    trial = attempt(words, data, type_name=around.type_name)
    failed = {each.field for each in trial.findings}
    others = [each for each in around.texts if (each.channel, each.locale) != (words.channel, words.locale)]
    strange = undeclared(words, around.variables)
    findings = [
        *(_plainer(each, strange) for each in trial.findings),
        *(each for each in strange if not _is_told(each, trial.findings)),
        *([] if trial.findings else needs_optional(words, around.variables, data)),
        *too_long(words.channel, trial.content),
        *empty(words.channel, trial.content, failed=failed),
        *broken(words),
        *untranslated(words, others, around.default_locale),
        *unused([*others, words], around.variables),
        *_unsubscribing(words, around),
    ]
    return trial.content, in_order(findings)


def _plainer(error: Finding, strange: list[Finding]) -> Finding:
    """What fails because a name isn't a variable says so, instead of what the template engine says."""
    named = [each for each in strange if each.field == error.field and each.line == error.line]
    if named and error.text.endswith("is undefined"):
        return msgspec.structs.replace(error, text=named[0].text)
    return error


def _is_told(finding: Finding, errors: list[Finding]) -> bool:
    """Whether the same place fails already: one sentence is enough."""
    return any(each.level == ERROR and (each.field, each.line) == (finding.field, finding.line) for each in errors)


def _unsubscribing(words: Words, around: Surroundings) -> list[Finding]:
    layouts = [source for name, source in words.shared.items() if name.startswith("layout ")]
    whole = words.html.lstrip().lower().startswith(("<!doctype", "<html"))
    own_frame = [words.html] if whole else layouts
    if around.marketing and own_frame and not any(UNSUBSCRIBE in source for source in own_frame):
        return [
            Finding(WARNING, "html", "Marketing without {{ recipient.unsubscribe_url }}: mails have to offer a way out")
        ]
    return []
