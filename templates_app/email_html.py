"""An email's HTML part made ready once, when its text is compiled: put into the layout, its CSS inlined.

The inliner parses HTML, so what is Jinja in it is swapped for marks that a parser leaves where they are (a comment
between elements, a word inside of one) and put back afterwards.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from pathlib import Path

import css_inline

LAYOUT = Path(__file__).parent / "layouts" / "email.html"
PLACE = "<!-- content -->"

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = re.compile(r"(?:<!--|&lt;!--)?jinja-mark-(\d+)-x(?:--&gt;|-->)?")
_WHOLE = re.compile(r"\s*(<!doctype|<html)", re.IGNORECASE)


def ready(source: str, around: str = "") -> tuple[str, Callable[[int], int]]:
    """(Jinja source ready to be rendered, what turns a line of it into the author's line).

    A fragment is put into the layout `around` ("": the built-in one), a whole document stays as it is.
    """
    whole = bool(_WHOLE.match(source))
    before, after = ("", "") if whole else _cut(around) if around else layout()
    document = before + source + after
    chunks = list(_JINJA.finditer(document))
    inlined = _inliner().inline(_with_marks(document, chunks))
    written_at = [_author_line(document, chunk.start(), len(before), len(source)) for chunk in chunks]
    return _with_jinja(inlined, [chunk.group() for chunk in chunks], written_at)


@cache
def layout() -> tuple[str, str]:
    """The built-in layout, cut where the content goes."""
    return _cut(LAYOUT.read_text())


def _cut(source: str) -> tuple[str, str]:
    before, _, after = source.partition(PLACE)
    return before, after


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _with_marks(document: str, chunks: list[re.Match[str]]) -> str:
    blank = _JINJA.sub(lambda match: " " * len(match.group()), document)  # a > inside Jinja ends no tag
    parts, end = [], 0
    for number, chunk in enumerate(chunks):
        inside_tag = blank.rfind("<", 0, chunk.start()) > blank.rfind(">", 0, chunk.start())
        word = f"jinja-mark-{number}-x"
        parts += [document[end : chunk.start()], word if inside_tag or chunk.group()[1] == "{" else f"<!--{word}-->"]
        end = chunk.end()
    return "".join([*parts, document[end:]])


def _author_line(document: str, position: int, before: int, length: int) -> int:
    """The line in the author's source; 0 for the layout's own."""
    if not before <= position < before + length:
        return 0
    return document.count("\n", before, position) + 1


def _with_jinja(inlined: str, chunks: list[str], written_at: list[int]) -> tuple[str, Callable[[int], int]]:
    parts: list[str] = []
    lines: list[tuple[int, int]] = []
    line, end = 1, 0
    for mark in _MARK.finditer(inlined):
        number = int(mark.group(1))
        text = inlined[end : mark.start()]
        line += text.count("\n")
        lines.append((line, written_at[number]))
        line += chunks[number].count("\n")
        parts += [text, chunks[number]]
        end = mark.end()
    return "".join([*parts, inlined[end:]]), _line_map(lines)


def _line_map(lines: list[tuple[int, int]]) -> Callable[[int], int]:
    def line_of(line: int) -> int:
        at = bisect_right(lines, (line, 10**9)) - 1
        return lines[at][1] if at >= 0 else 0

    return line_of
