"""Whether a text lives without the variables that an event may leave out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from templates_app.lint.finding import WARNING, Finding
from templates_app.lint.names import used
from templates_app.lint.trial import attempt
from templates_app.variables.kinds import Declared
from templates_app.words import Words

MOST = 12
"""Variables tried; each is a rendering or two."""


def needs_optional(words: Words, variables: Iterable[Declared], data: dict[str, Any]) -> list[Finding]:
    """What fails where an optional variable is missing or null. `words` render on the whole `data`."""
    names = used(words)
    tried = [each.path for each in variables if not each.required and each.path in names][:MOST]
    return [found for name in tried if (found := _without(words, name, names[name], data))]


def _without(words: Words, name: str, at: tuple[str, int], data: dict[str, Any]) -> Finding | None:
    rest = {field: value for field, value in data.items() if field != name}
    for lacking in (rest, {**rest, name: None}):
        if failures := attempt(words, lacking).findings:
            where = (failures[0].field, failures[0].line) if failures[0].field else at
            say = f'it is optional. Write {{{{ {name} | default("…") }}}}, or {{% if {name} is defined %}} around it'
            return Finding(WARNING, where[0], f"This fails when “{name}” is missing: {say}", where[1])
    return None
