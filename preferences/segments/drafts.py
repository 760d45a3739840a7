"""A condition while it is being built: lenient, as a form has it, blanks and all. Pure.

A draft travels in the form's own fields, named by place: `c-0-1.days` is the days of the second part of the first part.
Nothing is kept on the server between two clicks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from foundation.errors import InvalidRequest
from preferences.segments import conditions
from preferences.segments.conditions import AllOf, AnyOf, Attribute, Node, Not, Scalar, parse_condition
from preferences.segments.kinds import FIRST, GROUP, JOINS, KINDS

ROOT = "c"
_NAME = re.compile(r"^(c(?:-\d{1,3}){0,12})\.(\w{1,20})$")
FIELDS_MAX = 1_000


class Draft(msgspec.Struct):
    """A part in the making. `kind` is one of KINDS or a group, whose parts are joined by `join`."""

    kind: str = GROUP
    negated: bool = False
    join: str = "all"
    values: dict[str, str] = {}
    of: list[Draft] = []


def read(fields: Mapping[str, Any]) -> Draft:
    """The draft in a form's fields; an empty group where there is none."""
    found: dict[str, dict[str, str]] = {}
    for name in list(fields)[:FIELDS_MAX]:
        match = _NAME.match(name)
        if match:
            found.setdefault(match[1], {})[match[2]] = str(fields[name]).strip()
    return _draft(ROOT, found)


def _draft(place: str, found: dict[str, dict[str, str]]) -> Draft:
    given = found.get(place, {})
    depth = place.count("-") + 1
    below = [each for each in found if each.startswith(f"{place}-") and each.count("-") == depth]
    kind = given.get("kind", GROUP)
    return Draft(
        kind=kind if kind in KINDS else GROUP,
        negated=given.get("negated") == "1",
        join=given["join"] if given.get("join") in JOINS else "all",
        values={name: value for name, value in given.items() if name not in ("kind", "negated", "join")},
        of=[_draft(each, found) for each in sorted(below, key=lambda name: int(name.rsplit("-", 1)[1]))],
    )


def changed(draft: Draft, act: str) -> Draft:
    """The draft after a click: `add:c-0`, `group:c-0`, `remove:c-0-1`; anything else changes nothing."""
    action, _, place = act.partition(":")
    path = [int(part) for part in place.split("-")[1:] if part.isdecimal()]
    if action == "remove" and path:
        del _at(draft, path[:-1]).of[path[-1] : path[-1] + 1]
    elif action in ("add", "group"):
        parent = _at(draft, path)
        parent.of = [*parent.of, Draft(kind=FIRST) if action == "add" else Draft(of=[Draft(kind=FIRST)])]
    return draft


def _at(draft: Draft, path: list[int]) -> Draft:
    for index in path:
        if index >= len(draft.of):
            return Draft()
        draft = draft.of[index]
    return draft


def condition(draft: Draft) -> Node:
    """The condition a draft says. Raises InvalidRequest for blanks that must be filled in."""
    return parse_condition(conditions.stored(_node(draft)))


def _node(draft: Draft) -> Node:
    node = _group(draft) if draft.kind == GROUP else _leaf(draft.kind, draft.values)
    return Not(of=node) if draft.negated else node


def _group(draft: Draft) -> Node:
    parts = tuple(_node(part) for part in draft.of)
    return AllOf(of=parts) if draft.join == "all" or not parts else AnyOf(of=parts)


def _leaf(kind: str, values: dict[str, str]) -> Node:
    said = values.get
    if kind == "attribute":
        return _attribute(values)
    if kind in ("active", "registered"):
        days = _days(kind, said("days", ""))
        return conditions.Active(within_days=days) if kind == "active" else conditions.Registered(within_days=days)
    if kind in ("locale", "time_zone"):
        listed = _listed(said("values", ""))
        return conditions.Locale(any_of=listed) if kind == "locale" else conditions.TimeZone(any_of=listed)
    if kind in ("segment", "list"):
        name = said("name", "")
        if not name:
            raise _blank(f"Choose a {KINDS[kind].label.lower()}.")
        return conditions.InSegment(name=name) if kind == "segment" else conditions.InList(name=name)
    return _choices(kind, values)


def _choices(kind: str, values: dict[str, str]) -> Node:
    """The kinds that only choose; what isn't offered is refused by the parser."""
    found: dict[str, Any] = {"kind": kind}
    days = values.get("days", "")
    if kind == "reachable":
        found["channel"] = values.get("channel") or "push"
    else:
        found |= {"within_days": _days(kind, days)} if days else {}
    if kind == "device":
        found["platform"] = values.get("platform", "")
    if kind == "delivery":
        found |= {"fact": values.get("fact") or "sent", "channel": values.get("channel", "")}
        found["types"] = _listed(values.get("types", ""))
    return parse_condition(found)


def _attribute(values: dict[str, str]) -> Node:
    name, op, text = values.get("name", ""), values.get("op") or "is", values.get("value", "")
    if not name:
        raise _blank("Name the attribute.")
    found: dict[str, Any] = {"kind": "attribute", "name": name, "op": op}
    if op == "one_of":
        found["values"] = [_scalar(each) for each in _listed(text)]
    elif op in ("contains", "begins"):
        found["value"] = text
    elif op != "known":
        if not text:
            raise _blank(f"Give {name} a value, or ask whether it “is known at all”.")
        found["value"] = _scalar(text)
    return parse_condition(found)


def _scalar(text: str) -> Scalar:
    """yes and no as such, numbers as numbers, the rest as text."""
    try:
        value = msgspec.json.decode({"yes": "true", "no": "false"}.get(text.lower(), text))
    except (msgspec.DecodeError, RecursionError):
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _days(kind: str, text: str) -> int:
    if not (text.isdecimal() and len(text) < 9):
        raise _blank(f"{KINDS[kind].label}: say how many days.")
    return int(text)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _blank(what: str) -> InvalidRequest:
    return InvalidRequest(what, field="condition")


def draft_of(node: Node) -> Draft:
    """A stored condition as a draft. The outermost part is always a group, so that more can be added."""
    draft = _drafted(node)
    return draft if draft.kind == GROUP and not draft.negated else Draft(of=[draft])


def _drafted(node: Node) -> Draft:
    if isinstance(node, Not):
        inner = _drafted(node.of)
        return Draft(negated=True, of=[inner]) if inner.negated else msgspec.structs.replace(inner, negated=True)
    if isinstance(node, AllOf | AnyOf):
        if isinstance(node, AnyOf) and not node.of:
            return Draft(negated=True)
        return Draft(join="all" if isinstance(node, AllOf) else "any", of=[_drafted(part) for part in node.of])
    parts: dict[str, Any] = conditions.stored(node)
    return Draft(kind=parts.pop("kind"), values=_blanks(node, parts))


def _blanks(node: Node, parts: dict[str, Any]) -> dict[str, str]:
    if isinstance(node, Attribute):
        text = ", ".join(_text(each) for each in node.values) if node.op == "one_of" else _text(node.value)
        return {"name": node.name, "op": node.op, "value": text}
    if isinstance(node, conditions.Locale | conditions.TimeZone):
        return {"values": ", ".join(node.any_of)}
    found = {name: str(value) for name, value in parts.items() if isinstance(value, str)}
    if parts.get("within_days"):
        found["days"] = str(parts["within_days"])
    if isinstance(node, conditions.Delivered):
        found["types"] = ", ".join(node.types)
    return found


def _text(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and not isinstance(_scalar(value), str):
        return msgspec.json.encode(value).decode()  # in quotes, so that it stays text
    return "" if value is None else str(value)
