"""Whether an event's data is what its type's variables say: asked for each event that is accepted."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs

from templates_app.variables.kinds import KINDS

SCHEMAS_KEPT = 4_096


class Unfit(NamedTuple):
    """What is wrong with the data: where (`items[1].price`), the sentence, what to do about it."""

    path: str
    detail: str
    remedy: str


def unfit(schema: str, data: dict[str, Any]) -> Unfit | None:
    """The first thing in `data` that `schema` (`templates_app.variables.schema.schema_text`) refuses, or None."""
    if not schema:
        return None
    validator, its = _validator(schema)
    if validator.is_valid(data):
        return None
    return _told(next(iter(validator.iter_errors(data))), its)


@lru_cache(maxsize=SCHEMAS_KEPT)
def _validator(schema: str) -> tuple[Any, dict[str, Any]]:
    """Compiled once for each state of a type's variables."""
    its = json.loads(schema)
    return jsonschema_rs.validator_for(its, validate_formats=True), its


def _told(error: jsonschema_rs.ValidationError, schema: dict[str, Any]) -> Unfit:
    path = _path(error.instance_path)
    keyword = str(error.schema_path[-1])
    if keyword == "required":
        missing = _missing(error, schema)
        at = f"{path}.{missing}" if path else missing
        return Unfit(at, "is missing; this type requires it", "Send it, or make the variable optional in the admin.")
    kind = _at(schema, error.schema_path[:-1]).get("title", "")
    like = KINDS[kind].like if kind in KINDS else "of another kind"
    return Unfit(path, f"has to be {like}", "Send it as the type's variables say, or change them in the admin.")


def _missing(error: jsonschema_rs.ValidationError, schema: dict[str, Any]) -> str:
    node = _at(schema, error.schema_path[:-1])
    there = error.instance if isinstance(error.instance, dict) else {}
    return next(name for name in node["required"] if name not in there)


def _at(schema: dict[str, Any], path: list[Any]) -> dict[str, Any]:
    node: Any = schema
    for part in path:
        node = node[part]
    return node if isinstance(node, dict) else {}


def _path(parts: list[Any]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")
