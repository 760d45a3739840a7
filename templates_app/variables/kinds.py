"""The kinds a variable may have, in the words of somebody who doesn't program, and as JSON Schema (2020-12)."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import msgspec
from django.core.validators import RegexValidator

_PATH = r"^[A-Za-z_]\w*(\[\])?(\.[A-Za-z_]\w*(\[\])?)*$"
PATH = RegexValidator(
    _PATH,
    "a name such as order_id; a field of an object as address.city, of a list's elements as items[].price",
)


def is_path(text: str) -> bool:
    """Whether `text` can be a variable's name."""
    return re.match(_PATH, text) is not None


class Kind(msgspec.Struct, frozen=True):
    """`like` is an example in words, `schema` what JSON Schema says, `hint` what an author may write with it."""

    name: str
    label: str
    like: str
    schema: dict[str, Any]
    hint: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("text", "text", "a text", {"type": "string"}),
        Kind("number", "number", "a number such as 12.5", {"type": "number"}, " | number"),
        Kind("integer", "whole number", "a whole number such as 3", {"type": "integer"}, " | number"),
        Kind("boolean", "yes or no", "true or false", {"type": "boolean"}),
        Kind("date", "date", "a date such as 2026-02-27", {"type": "string", "format": "date"}, " | date"),
        Kind(
            "datetime",
            "date and time",
            "a time with a zone such as 2026-02-27T14:30:00Z",
            {"type": "string", "format": "date-time"},
            " | datetime",
        ),
        Kind(
            "url",
            "web address",
            "an address such as https://example.com/a, or a path such as /a",
            {"type": "string", "pattern": r"^(https?://[^\s/]|/(?!/))\S*$"},
        ),
        Kind("list", "list", "a list", {"type": "array"}),
        Kind("object", "group of fields", "an object", {"type": "object"}),
    )
}


class Declared(msgspec.Struct, frozen=True, omit_defaults=True):
    """A variable as a plain value (`templates_app.models.Variable` is its row)."""

    path: str
    kind: str = "text"
    required: bool = True
    example: Any = None
    description: str = ""


def refuse_example(value: Any, kind: str) -> None:
    """Raises ValueError, in words, unless `value` is of this kind."""
    its = KINDS[kind]
    if not jsonschema_rs.validator_for(its.schema, validate_formats=True).is_valid(value):
        raise ValueError(f"the example has to be {its.like}")
