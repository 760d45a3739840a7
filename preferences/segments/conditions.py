"""The condition of a segment as frozen values: leaves that ask one thing of a user, joined by all, any and not.

As JSON each part names its `kind`: {"kind": "all", "of": [{"kind": "locale", "any_of": ["de"]}, …]}. What was stored
before there were kinds, an object of parts that must all hold, stays valid: `Parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Union

import msgspec

from foundation.errors import InvalidRequest

MAX_DEPTH = 8
MAX_PARTS = 200
MAX_VALUES = 500
MAX_DAYS = 3_650
MAX_NAME = 100
MAX_TEXT = 300
MAX_NUMBER = 10**15

Scalar = str | int | float | bool
Channel = Literal["push", "email", "sms"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What all parts share: the JSON names the kind, unknown fields are refused."""


class AllOf(_Part, frozen=True, tag="all"):
    """Every one of these holds; of none: everybody."""

    of: tuple[Node, ...] = ()


class AnyOf(_Part, frozen=True, tag="any"):
    """At least one of these holds; of none: nobody."""

    of: tuple[Node, ...] = ()


class Not(_Part, frozen=True, tag="not"):
    """This doesn't hold, also for users of whom nothing is known in that matter."""

    of: Node


class Attribute(_Part, frozen=True, tag="attribute", omit_defaults=True):
    """A free fact of the user. `is` takes a number or yes and no written as text
    for the same, as files bring them in; `at_least` and `at_most` compare numbers,
    `contains` and `begins` text; `known` asks whether there is one."""

    name: str
    op: Literal["is", "one_of", "contains", "begins", "at_least", "at_most", "known"] = "is"
    value: Scalar | None = None
    values: tuple[Scalar, ...] = ()


class Active(_Part, frozen=True, tag="active"):
    """`last_active` lies within these days."""

    within_days: int


class Registered(_Part, frozen=True, tag="registered"):
    """We have known the user for at most these days."""

    within_days: int


class Locale(_Part, frozen=True, tag="locale"):
    """By language ("de" takes de-AT too) or by whole tag."""

    any_of: tuple[str, ...]


class TimeZone(_Part, frozen=True, tag="time_zone"):
    """IANA names."""

    any_of: tuple[str, ...]


class Reachable(_Part, frozen=True, tag="reachable"):
    """There is an address on this channel; whether it is wanted is routing's business."""

    channel: Channel


class HasDevice(_Part, frozen=True, tag="device", omit_defaults=True):
    """A push token of this platform ("" for any), registered within these days (None: ever)."""

    platform: Literal["", "apns", "fcm", "web"] = ""
    within_days: int | None = None


class Delivered(_Part, frozen=True, tag="delivery", omit_defaults=True):
    """What came of past deliveries, by the tracker's summary: `sent`, `engaged` (read, opened or clicked), `failed`
    (bounced, undelivered, complained). `types` empty: of any type; `channel` "": on any."""

    fact: Literal["sent", "engaged", "failed"] = "sent"
    types: tuple[str, ...] = ()
    channel: Literal["", "in_app", "push", "email", "sms"] = ""
    within_days: int | None = None


class InSegment(_Part, frozen=True, tag="segment"):
    """Another segment, as it is at that time."""

    name: str


class InList(_Part, frozen=True, tag="list"):
    """A static list."""

    name: str


# Unions at run time, of names that msgspec resolves.
Leaf = Union[Attribute, Active, Registered, Locale, TimeZone, Reachable, HasDevice, Delivered, InSegment, InList]
Node = Union[AllOf, AnyOf, Not, Leaf]


class Parts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The older form. All given parts must hold; none given: everybody.

    `locales` match by language or whole tag, `reachable_by` asks for an address on every channel named,
    `attributes` for equal values, `active_within_days` for `last_active`.
    """

    locales: tuple[str, ...] = ()
    time_zones: tuple[str, ...] = ()
    reachable_by: tuple[Channel, ...] = ()
    active_within_days: int | None = None
    attributes: dict[str, Scalar] = {}


def parse_condition(value: Any) -> Node:
    """The condition in a segment's JSON, in either form. Raises InvalidRequest naming what is wrong."""
    try:
        if isinstance(value, dict) and "kind" not in value:
            return _as_tree(msgspec.convert(value, Parts))
        node: Node = msgspec.convert(value, Node)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error), field="condition") from error
    except RecursionError as error:
        raise _refused("It is nested too deeply", f"Use at most {MAX_DEPTH} levels.") from error
    _check(node)
    return node


def stored(node: Node) -> dict[str, Any]:
    """The JSON of a condition."""
    found: dict[str, Any] = msgspec.to_builtins(node)
    return found


def parts_of(node: Node, depth: int = 1) -> Iterator[tuple[int, Node]]:
    """Every part with its depth, the whole first."""
    yield depth, node
    below = (node.of,) if isinstance(node, Not) else node.of if isinstance(node, AllOf | AnyOf) else ()
    for part in below:
        yield from parts_of(part, depth + 1)


def _as_tree(parts: Parts) -> Node:
    of: list[Node] = []
    of += [Locale(any_of=parts.locales)] if parts.locales else []
    of += [TimeZone(any_of=parts.time_zones)] if parts.time_zones else []
    of += [Reachable(channel=channel) for channel in parts.reachable_by]
    of += [] if parts.active_within_days is None else [Active(within_days=parts.active_within_days)]
    of += [Attribute(name=name, value=value) for name, value in parts.attributes.items()]
    node = AllOf(of=tuple(of))
    _check(node)
    return node


def _check(node: Node) -> None:
    for count, (depth, part) in enumerate(parts_of(node), 1):
        if depth > MAX_DEPTH:
            raise _refused("It is nested too deeply", f"Use at most {MAX_DEPTH} levels.")
        if count > MAX_PARTS:
            raise _refused("It has too many parts", f"Use at most {MAX_PARTS}, or a static list.")
        _check_part(part)


def _check_part(part: Node) -> None:
    days = getattr(part, "within_days", None)
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise _refused(f"“{days}” is no number of days", f"Use 1 to {MAX_DAYS}.")
    for values in (getattr(part, "any_of", None), getattr(part, "types", None), getattr(part, "values", None)):
        if values is not None and len(values) > MAX_VALUES:
            raise _refused("It lists too many values", f"Use at most {MAX_VALUES}, or a static list.")
    if isinstance(part, Locale | TimeZone) and not part.any_of:
        raise _refused("A part lists no value", "Name at least one, or remove the part.")
    if isinstance(part, Attribute):
        _check_attribute(part)


def _check_attribute(part: Attribute) -> None:
    name = part.name
    if not 0 < len(name) <= MAX_NAME or name.lstrip("-").isdecimal():
        raise _refused(f"“{name}” is no attribute's name", f"Use 1 to {MAX_NAME} characters, not digits alone.")
    for value in (part.value, *part.values):
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise _refused(f"The value of {name} is too long", f"Use up to {MAX_TEXT} characters.")
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
            raise _refused(f"The number for {name} is too large", "Use up to 15 digits.")
    if part.op in ("at_least", "at_most") and (isinstance(part.value, bool) or not isinstance(part.value, int | float)):
        raise _refused(f"“{part.value}” is no number", f"Give {name} a number to compare with.")
    if part.op in ("contains", "begins") and not (isinstance(part.value, str) and part.value):
        raise _refused(f"{name} lacks the text to look for", "Fill it in.")
    if part.op == "is" and part.value is None:
        raise _refused(f"{name} lacks a value", "Fill it in, or ask whether it is known.")
    if part.op == "one_of" and not part.values:
        raise _refused(f"{name} lacks values", "Fill them in, separated by commas.")


def _refused(what: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(f"{what}. {remedy}", field="condition", remedy=remedy)
