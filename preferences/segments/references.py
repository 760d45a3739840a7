"""Segments that name each other, and static lists they name: found, resolved, and kept free of cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from foundation.control_plane import control_plane
from foundation.errors import InvalidRequest, NotFound
from preferences.models import Segment, StaticList
from preferences.nearness import did_you_mean
from preferences.segments.conditions import InList, InSegment, Node, parse_condition, parts_of


class Resolved(NamedTuple):
    """What a condition refers to, however far down: segments by name, keys of lists by name."""

    segments: dict[str, Node]
    lists: dict[str, int]


def stored(name: str) -> Node:
    """The condition of the segment `name`. Raises NotFound with near matches, ControlPlaneUnavailable."""
    found = _conditions([name])
    if name not in found:
        with control_plane():
            known = list(Segment.objects.values_list("name", flat=True))
        raise NotFound(f"There is no segment “{name}”.", field="segment", remedy=did_you_mean(name, known) or None)
    return found[name]


def resolved(node: Node) -> Resolved:
    """All that `node` refers to; one query a level. Raises InvalidRequest for what isn't there."""
    segments: dict[str, Node] = {}
    missing = segments_in([node])
    while missing:
        found = _conditions(missing)
        if unknown := missing - set(found):
            raise _gone("segment", min(unknown))
        segments |= found
        missing = segments_in(found.values()) - set(segments)
    wanted = {
        part.name for each in (node, *segments.values()) for _, part in parts_of(each) if isinstance(part, InList)
    }
    with control_plane():
        lists = dict(StaticList.objects.filter(name__in=wanted).values_list("name", "pk")) if wanted else {}
    if unknown := wanted - set(lists):
        raise _gone("static list", min(unknown))
    return Resolved(segments, lists)


def segments_in(nodes: Iterable[Node]) -> set[str]:
    """The names of the segments that these conditions name themselves."""
    return {part.name for node in nodes for _, part in parts_of(node) if isinstance(part, InSegment)}


def check_no_cycle(name: str, node: Node, segments: Mapping[str, Node]) -> None:
    """Raises InvalidRequest, with the way round, if a segment `name` of this condition would contain itself."""
    way = _way_to(name, node, segments, ())
    if way:
        raise InvalidRequest(
            f"It would contain itself: {' → '.join((name, *way))}.",
            field="condition",
            remedy="Take one of these out of the other.",
        )


def users_of(*, segment: str = "", static_list: str = "") -> list[str]:
    """The names of the segments that name this segment or list themselves."""
    named: InSegment | InList = InSegment(name=segment) if segment else InList(name=static_list)
    with control_plane():
        rows = list(Segment.objects.order_by("name").values_list("name", "condition"))
    return [name for name, value in rows if any(part == named for _, part in parts_of(parse_condition(value or {})))]


def _way_to(name: str, node: Node, segments: Mapping[str, Node], seen: tuple[str, ...]) -> tuple[str, ...]:
    for each in sorted(segments_in([node])):
        if each == name:
            return (*seen, each)
        if each not in seen and (way := _way_to(name, segments[each], segments, (*seen, each))):
            return way
    return ()


def _conditions(names: Iterable[str]) -> dict[str, Node]:
    with control_plane():
        rows = list(Segment.objects.filter(name__in=names).values_list("name", "condition"))
    return {name: parse_condition(value or {}) for name, value in rows}


def _gone(what: str, name: str) -> InvalidRequest:
    return InvalidRequest(f"There is no {what} “{name}”.", field="condition", remedy="Choose another, or take it out.")
