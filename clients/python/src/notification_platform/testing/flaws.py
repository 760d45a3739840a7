"""What the server refuses where the schema allows it: control characters, lone surrogates, depth, huge numbers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from notification_platform.errors import InvalidRequest

MAX_DEPTH = 32
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def parsed(raw: bytes) -> Any:
    """The JSON in `raw`. Raises InvalidRequest, which names the place where there is one."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        lenient = json.loads(raw, strict=False)
    except (ValueError, RecursionError) as error:
        raise refused(f"The body is not JSON: {error}.", "$", "Send one valid JSON object.") from None
    refuse_flaws(lenient, "", free=False)
    raise refused("The body is not JSON.", "$", "Send one valid JSON object.")


def refuse_flaws(value: Any, path: str, *, free: bool, depth: int = 1) -> None:
    """Raises InvalidRequest for the first flaw; `free` text may have line breaks and tabs."""
    said = _flaw(value, free)
    if said is None and isinstance(value, dict | list) and depth > MAX_DEPTH:
        said = f"is nested deeper than {MAX_DEPTH} levels"
    if said is not None:
        raise refused(f"`{path}` {said}.", path or "$", "Correct the value.")
    if isinstance(value, dict):
        for name in value:
            refuse_flaws(name, path, free=False)
    for below, child in _children(value, path):
        refuse_flaws(child, below, free=free or below == "data" or below.endswith("].data"), depth=depth + 1)


def _flaw(value: Any, free: bool) -> str | None:
    if isinstance(value, str):
        return (
            "holds a character that can't be sent" if (_CONTROL_IN_TEXT if free else _CONTROL).search(value) else None
        )
    if type(value) is int and not -(2**63) <= value < 2**63:
        return "is a whole number beyond 64 bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "is a number that JSON doesn't have"
    return None


def _children(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"{path}[{index}]", child) for index, child in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{path}.{name}" if path else str(name), child) for name, child in value.items())


def refused(detail: str, field: str, remedy: str, code: str = "invalid_request") -> InvalidRequest:
    """A refusal as the server words it."""
    return InvalidRequest(
        detail, code=code, field=field, remedy=remedy, title="The request is not valid", status=InvalidRequest.status
    )
