"""A file of YAML between two lines of ---, then free text; with the line in which each value begins. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

FENCE = "---"


class BadFile(Exception):
    """A file that can't be read. `line` is 1-based."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class Parsed(msgspec.Struct, frozen=True):
    """`lines` says where a value's first line stands, `body_line` where the text begins."""

    values: dict[str, Any]
    lines: dict[str, int]
    body: str
    body_line: int


def parse(text: str) -> Parsed:
    """Raises BadFile, with the line."""
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    if lines[0].strip() != FENCE:
        return Parsed({}, {}, "\n".join(lines), 1)
    try:
        end = next(number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE)
    except StopIteration:
        raise BadFile("the line of --- that ends the front matter is missing") from None
    values, where = mapping("\n".join(lines[1:end]), offset=1)
    return Parsed(values, where, "\n".join(lines[end + 1 :]), end + 2)


def mapping(source: str, *, offset: int = 0) -> tuple[dict[str, Any], dict[str, int]]:
    """(values, lines) of a YAML mapping that stands `offset` lines down its file. Raises BadFile."""
    try:
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        values = yaml.safe_load(source) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadFile(f"no YAML: {getattr(error, 'problem', error)}", (mark.line + 1 if mark else 1) + offset) from None
    if not isinstance(values, dict):
        raise BadFile("it has to be a mapping such as title: Hello", 1 + offset)
    return {str(key): value for key, value in values.items()}, dict(_lines(node, offset))


def _lines(node: Any, offset: int) -> Iterator[tuple[str, int]]:
    """Where each value begins; `name[2]` is a list's third element. A block's text begins below its key."""
    for key, value in node.value if node else []:
        yield str(key.value), value.start_mark.line + 1 + offset + (getattr(value, "style", "") in ("|", ">"))
        if isinstance(value, yaml.SequenceNode):
            for number, element in enumerate(value.value):
                yield f"{key.value}[{number}]", element.start_mark.line + 1 + offset


def written(values: dict[str, Any], body: str) -> str:
    """The file's text. Texts of several lines are blocks, so that git shows their lines."""
    front = yaml.dump(values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000) if values else ""
    return f"{FENCE}\n{front}{FENCE}\n{body}" if values else body


def document(values: dict[str, Any]) -> str:
    """A YAML file."""
    return yaml.dump(values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)


class _Dumper(yaml.SafeDumper):
    """Blocks for texts of several lines."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if is_block else None)


_Dumper.add_representer(str, _text)
