"""Which variables a text uses, and at which lines. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateError as JinjaError

from templates_app.lint.finding import HINT, WARNING, Finding
from templates_app.sandbox.environment import html_environment, text_environment
from templates_app.sharing import INCLUDE
from templates_app.variables.kinds import Declared
from templates_app.words import Words

OURS = {
    "recipient": "who it goes to: recipient.id, recipient.locale",
    "site": "the address of your site",
    "content": "in a mail: its title, action_url, image; in its HTML body too",
    "range": "counts",
    "loop": "inside a loop: loop.index, loop.first, loop.last",
}
SOURCES = ("title", "body", "html", "action_url", "image")


def sources(words: Words) -> Iterator[tuple[str, str]]:
    """(field, Jinja2 source) of everything an author wrote, and of what the HTML includes."""
    yield from ((field, getattr(words, field)) for field in SOURCES)
    yield from (("data_template", str(source)) for source in words.data_template.values())
    yield from (("", source) for source in words.shared.values())


def used(words: Words) -> dict[str, tuple[str, int]]:
    """Name → (field, line) of its first use; sources that can't be parsed are left out."""
    found: dict[str, tuple[str, int]] = {}
    for field, source in sources(words):
        for name, line in _names(source, is_html=field in ("html", "")):
            found.setdefault(name, (field, line))
    return {name: at for name, at in found.items() if name not in OURS}


def _names(source: str, *, is_html: bool) -> Iterator[tuple[str, int]]:
    if "{" not in source:
        return
    environment = html_environment() if is_html else text_environment()
    try:
        tree = environment.parse(INCLUDE.sub("", source))
        free = meta.find_undeclared_variables(tree)
    except JinjaError:
        return  # told as an error of its own
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in free:
            lines.setdefault(node.name, node.lineno)
    yield from lines.items()


def undeclared(words: Words, variables: Iterable[Declared]) -> list[Finding]:
    """Names that no event of the type brings."""
    known = {each.path.partition(".")[0].removesuffix("[]") for each in variables}
    if not known:
        return []
    return [
        Finding(WARNING, field, f"“{name}” isn't one of this type's variables{_meant(name, known)}", line)
        for name, (field, line) in used(words).items()
        if name not in known
    ]


def _meant(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; “{near[0]}” is meant, perhaps" if near else ""


def unused(texts: Iterable[Words], variables: Iterable[Declared]) -> list[Finding]:
    """Variables that no text of the type uses."""
    names = {name for words in texts for name in used(words)}
    missing = [each.path for each in variables if each.path.isidentifier() and each.path not in names]
    return [Finding(HINT, "", f"No text of this type uses the variable “{name}”") for name in missing]
