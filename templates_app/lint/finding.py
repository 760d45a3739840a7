"""One thing that may be wrong with a text."""

from __future__ import annotations

import msgspec

from foundation.errors import TemplateError

ERROR, WARNING, HINT = "error", "warning", "hint"
LEVELS = (ERROR, WARNING, HINT)


class Finding(msgspec.Struct, frozen=True):
    """`level`: an error can't be published or fails on the example, a warning should be mended, a hint may be meant.

    `field` is the text's ("" for the whole text), `line` 1-based or None.
    """

    level: str
    field: str
    text: str
    line: int | None = None


def of_error(error: TemplateError) -> Finding:
    """A template's error as a finding."""
    return Finding(ERROR, field_of(error), error.reason, error.line or None)


def field_of(error: TemplateError) -> str:
    """The field that an error is about; it is the last word of the template's name."""
    field = error.template.rpartition(" ")[2].partition(".")[0]
    return "data_template" if field == "data" else field


def in_order(findings: list[Finding]) -> list[Finding]:
    """The worst first."""
    return sorted(findings, key=lambda each: (LEVELS.index(each.level), each.field, each.line or 0))
