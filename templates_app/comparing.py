"""Two states of a type's words side by side. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

import msgspec

from templates_app.models.texts import TextFields
from templates_app.words import Words

SAME, CHANGED, ADDED, REMOVED = "same", "changed", "added", "removed"
TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
LABELS = {"action_url": "link", "data_template": "data", "html": "HTML", "body": "text"}

Part = tuple[str, bool]
"""(words, whether they differ from the other side)."""


class Line(msgspec.Struct, frozen=True):
    """One line of each side; a number of 0: there is none on that side."""

    kind: str
    left_number: int
    left: list[Part]
    right_number: int
    right: list[Part]


class FieldChange(msgspec.Struct, frozen=True):
    """A field that differs."""

    field: str
    lines: list[Line]


class TextChange(msgspec.Struct, frozen=True):
    """A text that differs: `kind` is changed, added or removed."""

    channel: str
    locale: str
    kind: str
    fields: list[FieldChange]


def compare(left: Iterable[Words], right: Iterable[Words]) -> list[TextChange]:
    """The texts in which two states differ, field by field, line by line."""
    old, new = _by_place(left), _by_place(right)
    found = []
    for at in sorted({*old, *new}):
        before, after = old.get(at), new.get(at)
        if fields := list(_fields(before, after)):
            kind = CHANGED if before and after else ADDED if after else REMOVED
            found.append(TextChange(*at, kind, fields))
        elif not before or not after:
            found.append(TextChange(*at, ADDED if after else REMOVED, []))
    return found


def _by_place(texts: Iterable[Words]) -> dict[tuple[str, str], Words]:
    return {(each.channel, each.locale): each for each in texts}


def _fields(before: Words | None, after: Words | None) -> Iterator[FieldChange]:
    for name in TextFields.WRITTEN:
        left, right = _text(before, name), _text(after, name)
        if left != right:
            yield FieldChange(LABELS.get(name, name), lines(left, right))


def _text(words: Words | None, name: str) -> str:
    value = getattr(words, name) if words else ""
    if isinstance(value, dict):
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() if value else ""
    return str(value)


def lines(left: str, right: str) -> list[Line]:
    """Line beside line; in those that changed, the words that did."""
    old, new = left.splitlines(), right.splitlines()
    found: list[Line] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        pairs = max(j - i, m - k)
        for step in range(pairs):
            at, to = i + step, k + step
            found.append(_line(tag == "equal", old, at if at < j else -1, new, to if to < m else -1))
    return found


def _line(same: bool, old: Sequence[str], at: int, new: Sequence[str], to: int) -> Line:
    left, right = old[at] if at >= 0 else "", new[to] if to >= 0 else ""
    if same:
        return Line(SAME, at + 1, [(left, False)], to + 1, [(right, False)])
    if at < 0 or to < 0:
        return Line(ADDED if at < 0 else REMOVED, at + 1, [(left, True)], to + 1, [(right, True)])
    parts = _parts(left, right)
    return Line(CHANGED, at + 1, parts[0], to + 1, parts[1])


def _parts(left: str, right: str) -> tuple[list[Part], list[Part]]:
    old, new = TOKEN.findall(left), TOKEN.findall(right)
    mine: list[Part] = []
    theirs: list[Part] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if j > i:
            mine.append(("".join(old[i:j]), tag != "equal"))
        if m > k:
            theirs.append(("".join(new[k:m]), tag != "equal"))
    return mine, theirs
