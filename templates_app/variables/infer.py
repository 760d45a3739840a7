"""Variables as an example event suggests them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from templates_app.variables.kinds import Declared, refuse_example

_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def infer(example: dict[str, Any], *, required: bool = True) -> list[Declared]:
    """A variable for each field, for those of objects, and for those of the objects in lists.

    Fields whose names no template could write are left out.
    """
    return list(_fields(example, "", required))


def _fields(values: dict[str, Any], prefix: str, required: bool) -> Iterator[Declared]:
    for name, value in values.items():
        if not _NAME.match(name) or value is None:
            continue
        path = prefix + name
        yield Declared(path, _kind(value), required, None if prefix else value)
        yield from _below(value, path, required)


def _below(value: Any, path: str, required: bool) -> Iterator[Declared]:
    if isinstance(value, dict):
        yield from _fields(value, f"{path}.", required)
    elements = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    if elements:
        everywhere = set.intersection(*(set(each) for each in elements))
        merged = {name: field for each in elements for name, field in each.items()}
        for each in _fields(merged, f"{path}[].", required):
            top = each.path.removeprefix(f"{path}[].").partition(".")[0].removesuffix("[]")
            yield each if top in everywhere else Declared(each.path, each.kind, False)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list | dict):
        return "list" if isinstance(value, list) else "object"
    return next(kind for kind in ("date", "datetime", "url", "text") if _is(value, kind))


def _is(value: str, kind: str) -> bool:
    if kind == "url" and not value.startswith("http"):
        return False
    try:
        refuse_example(value, kind)
    except ValueError:
        return False
    return True
