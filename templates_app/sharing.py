"""Layouts and partials that mails share.

Published words carry a copy of what they use, so a layout that is changed changes no mail that is in flight and no old
version: the types that use it are published anew instead (`templates_app.publish_anew`). A partial is put in where
`{% include "name" %}` stands, its lines joined to one: an error in it is told at the line that includes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from foundation.errors import TemplateError
from templates_app.words import Words

INCLUDE = re.compile(r"""\{%-?\s*include\s+["'](\w+)["']\s*-?%\}""")
LAYOUT, PARTIAL = "layout", "partial"
MOST_DEEP = 4


def key_of(kind: str, name: str) -> str:
    """Where `Words.shared` holds it."""
    return f"{kind} {name}"


def wanted(words: Words) -> set[tuple[str, str]]:
    """(kind, name) of what these words name themselves."""
    names = {(PARTIAL, name) for name in INCLUDE.findall(words.html)}
    return names | {(LAYOUT, words.layout)} if words.layout and words.html else names


def freeze(texts: Sequence[Words]) -> list[Words]:
    """The words with copies of what they use, as it is now; words that carry copies already keep those.

    One query a depth of inclusion. A name that nothing has is left to the compiling, which refuses it at its line.
    """
    open_ = [words for words in texts if not words.shared]
    return freeze_with(texts, _sources({name for words in open_ for name in wanted(words)}))


def freeze_with(texts: Sequence[Words], sources: dict[tuple[str, str], str]) -> list[Words]:
    """As `freeze`, from (kind, name) → source instead of the database."""
    return [words if words.shared else msgspec.structs.replace(words, shared=_used(words, sources)) for words in texts]


def _sources(names: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    from templates_app.models import SharedHtml

    found: dict[tuple[str, str], str] = {}
    for _ in range(MOST_DEEP):
        if not (missing := names - set(found)):
            break
        rows = SharedHtml.objects.filter(name__in={name for _, name in missing}).values_list("kind", "name", "source")
        found.update({(kind, name): source for kind, name, source in rows if (kind, name) in missing})
        names = {(PARTIAL, name) for source in found.values() for name in INCLUDE.findall(source)}
    return found


def _used(words: Words, sources: dict[tuple[str, str], str]) -> dict[str, str]:
    used: dict[str, str] = {}
    names: Iterable[tuple[str, str]] = wanted(words)
    while new := [at for at in names if at in sources and key_of(*at) not in used]:
        used.update({key_of(*at): sources[at] for at in new})
        names = {(PARTIAL, name) for at in new for name in INCLUDE.findall(sources[at])}
    return used


def expanded(source: str, shared: dict[str, str], *, name: str, depth: int = 0, at: int = 0) -> str:
    """`source` with its partials put in, line for line. Raises TemplateError for one that isn't there or too deep.

    `at`: the author's line, inside a partial.
    """

    def put_in(match: re.Match[str]) -> str:
        partial = match[1]
        line = at or source.count("\n", 0, match.start()) + 1
        if depth >= MOST_DEEP:
            raise TemplateError(f"partials include each other more than {MOST_DEEP} deep", template=name, line=line)
        if (inner := shared.get(key_of(PARTIAL, partial))) is None:
            raise TemplateError(f"there is no partial {partial!r}", template=name, line=line)
        return " ".join(expanded(inner, shared, name=name, depth=depth + 1, at=line).splitlines())

    return INCLUDE.sub(put_in, source)
