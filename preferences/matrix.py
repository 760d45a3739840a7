"""The effective matrix of `GET /users/{id}/preferences`: every scope and channel, on or off, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from preferences import wording
from preferences.channels import ALWAYS_ON, CHANNELS, EVERY, ON_BY_DEFAULT
from preferences.facts import PreferenceCell, TypeFacts
from preferences.precedence import ruling_cell


class SetBy(msgspec.Struct, frozen=True):
    """The user's own row that rules a cell."""

    type: str
    channel: str


class MatrixCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell. `type` is a type, a category or "*" (as in the PUT body), `kind` says which.

    `why`: "default", "preference", "mandatory", "in_app_always_on" when on; "opted_out", "not_opted_in" when off.
    `locked`: it can't be turned off. `offered`: whether the type (any of the scope) goes out on this channel at all.
    """

    type: str
    kind: str
    category: str | None
    channel: str
    enabled: bool
    why: str
    detail: str
    locked: bool
    offered: bool
    set_by: SetBy | None = None


def effective_matrix(facts: Sequence[TypeFacts], cells: Sequence[PreferenceCell]) -> list[MatrixCell]:
    """All cells in order: "*", then each category followed by its types; four channels each."""
    by_category: dict[str, list[TypeFacts]] = {}
    for each in facts:
        by_category.setdefault(each.category, []).append(each)
    matrix = [_scope_cell(EVERY, "everything", None, channel, facts, cells) for channel in CHANNELS]
    for category in sorted(by_category):
        members = sorted(by_category[category], key=lambda member: member.name)
        matrix += [_scope_cell(category, "category", category, channel, members, cells) for channel in CHANNELS]
        matrix += [
            _scope_cell(member.name, "type", category, channel, [member], cells)
            for member in members
            for channel in CHANNELS
        ]
    return matrix


def lock_of(members: Iterable[TypeFacts], channel: str) -> str:
    """Why a scope with these types can't be turned off on a channel: "mandatory", "in_app_always_on"; "" if it can.

    A category that holds other types too can be turned off; its mandatory types stay on.
    """
    members = list(members)
    if members and all(member.mandatory for member in members):
        return "mandatory"
    return "in_app_always_on" if channel in ALWAYS_ON else ""


def scopes(categories: Mapping[str, Sequence[str]]) -> set[str]:
    """Every name a preference may carry: types, categories and "*"."""
    return {EVERY, *categories, *(name for names in categories.values() for name in names)}


def _scope_cell(
    scope: str,
    kind: str,
    category: str | None,
    channel: str,
    members: Sequence[TypeFacts],
    cells: Sequence[PreferenceCell],
) -> MatrixCell:
    lock = lock_of(members, channel)
    cell = None if lock else ruling_cell(cells, type_name=scope, category=category or EVERY, channel=channel)
    enabled, why, detail = (True, lock, wording.ON[lock][channel]) if lock else _because(scope, kind, channel, cell)
    return MatrixCell(
        type=scope,
        kind=kind,
        category=category,
        channel=channel,
        enabled=enabled,
        why=why,
        detail=detail,
        locked=bool(lock),
        offered=any(channel in member.channels for member in members),
        set_by=SetBy(cell.scope, cell.channel) if cell else None,
    )


def _because(scope: str, kind: str, channel: str, cell: PreferenceCell | None) -> tuple[bool, str, str]:
    if cell is None:
        if channel in ON_BY_DEFAULT:
            return True, "default", wording.ON["default"][channel]
        return False, "not_opted_in", wording.NOT_OPTED_IN
    if cell.enabled:
        return True, "preference", wording.ON["preference"][channel]
    return False, "opted_out", wording.opted_out(channel, cell, scope if kind == "type" else "")
