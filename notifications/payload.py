"""What may be in a caller's values: no control characters, no lone surrogates, bounded depth, 64-bit whole numbers.

One place for REST, gRPC and the command line. Line breaks and tabs are text where text is free (`data`), and refused in
names, ids and keys.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

MAX_DEPTH = 32
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Flaw(NamedTuple):
    """What is wrong with a value: where (JSON path), the sentence, and what to do about it."""

    path: str
    detail: str
    remedy: str


def flaw_of_text(text: str, path: str, *, free: bool = False) -> Flaw | None:
    """The flaw of one string; `free` allows tabs and line breaks. Lone surrogates can't be written as UTF-8."""
    if text.isprintable():
        return None
    if found := (_CONTROL_IN_TEXT if free else _CONTROL).search(text):
        code = ord(found.group())
        return Flaw(path, f"holds the control character U+{code:04X} at position {found.start()}", "Take it out.")
    if found := _SURROGATE.search(text):
        code = ord(found.group())
        return Flaw(
            path,
            f"holds the lone surrogate U+{code:04X} at position {found.start()}",
            "Send characters outside the basic plane as UTF-8, or as a pair of \\u escapes.",
        )
    return None


def flaw_of_data(data: dict[str, Any], path: str) -> Flaw | None:
    """The first flaw in free-form `data`, or None. On the hot path: flat objects of short strings are walked fast."""
    for name, value in data.items():
        if not name.isprintable() and (flaw := flaw_of_text(name, path)):
            return flaw
        kind = type(value)
        if kind is str:
            if not value.isprintable() and (flaw := flaw_of_text(value, f"{path}.{name}", free=True)):
                return flaw
        elif kind is not bool and value is not None and (flaw := flaw_of(value, f"{path}.{name}", free=True, depth=2)):
            return flaw
    return None


def flaw_of(value: Any, path: str, *, free: bool = False, depth: int = 1) -> Flaw | None:
    """The first flaw anywhere in `value` (what JSON can hold), or None. `depth` is how deep `value` itself lies."""
    if isinstance(value, str):
        return flaw_of_text(value, path, free=free)
    if isinstance(value, dict | list):
        return _flaw_of_container(value, path, free, depth)
    if type(value) is int and not INT_MIN <= value <= INT_MAX:
        return Flaw(path, "is a whole number beyond 64 bits", "Send it as a string.")
    if type(value) is float and not math.isfinite(value):
        return Flaw(path, f"is {value}, which JSON doesn't have", "Send a finite number or null.")
    return None


def _flaw_of_container(value: dict[str, Any] | list[Any], path: str, free: bool, depth: int) -> Flaw | None:
    if depth > MAX_DEPTH:
        return Flaw(path, f"is nested deeper than {MAX_DEPTH} levels", "Flatten it; templates take scalars.")
    if isinstance(value, list):
        children = ((f"{path}[{index}]", child) for index, child in enumerate(value))
    else:
        for name in value:
            if flaw := flaw_of_text(name, path):
                return flaw
        children = ((f"{path}.{name}" if path else name, child) for name, child in value.items())
    for child_path, child in children:
        below = free or child_path == "data" or child_path.endswith("].data")
        if flaw := flaw_of(child, child_path, free=below, depth=depth + 1):
            return flaw
    return None
