"""A type's variables as one JSON Schema. Pure.

Fields that aren't declared pass: a service may send what no template shows yet. What isn't required may be null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from templates_app.variables.kinds import KINDS, Declared


def json_schema(variables: Iterable[Declared]) -> dict[str, Any]:
    """The schema of an event's data."""
    root: dict[str, Any] = {"type": "object", "properties": {}}
    for variable in variables:
        _place(root, variable)
    return root


def schema_text(variables: Iterable[Declared]) -> str:
    """The same as JSON, "" without variables; equal variables give equal texts, so it serves as a cache's key."""
    its = list(variables)
    return msgspec.json.encode(json_schema(its)).decode() if its else ""


def examples(variables: Iterable[Declared]) -> dict[str, Any]:
    """The data of an example event: what the variables at the top say."""
    return {each.path: each.example for each in variables if each.example is not None and each.path.isidentifier()}


def _place(root: dict[str, Any], variable: Declared) -> None:
    node = root
    *above, last = variable.path.split(".")
    for part in above:
        node = _field(node, part, required=False)
    node = _field(node, last, required=variable.required)
    its = KINDS[variable.kind].schema
    node.update(its if variable.required else {**its, "type": [its["type"], "null"]})
    node["title"] = variable.kind


def _field(node: dict[str, Any], part: str, *, required: bool) -> dict[str, Any]:
    """The schema of a field of `node`; for `items[]` that of the list's elements."""
    name = part.removesuffix("[]")
    node.setdefault("type", "object")
    field: dict[str, Any] = node.setdefault("properties", {}).setdefault(name, {})
    if name != part:
        field.setdefault("type", "array")
        return field.setdefault("items", {})
    if required and name not in node.setdefault("required", []):
        node["required"].append(name)
    return field
