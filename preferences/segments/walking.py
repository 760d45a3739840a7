"""Who belongs to a segment: counted, listed and walked, all in bounded memory and short statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Max, Min, QuerySet

from foundation.control_plane import control_plane
from foundation.streaming import streamed
from preferences.models import User
from preferences.segments import references
from preferences.segments.compiling import matching
from preferences.segments.conditions import Node

ALL_ACTIVE_USERS = "all_active_users"
STREAM_CHUNK = 5_000
KEYS_A_COUNT = 100_000
"""One statement counts so many keys: a million users must not take longer than a statement may (DATABASE_TIMEOUT_S)."""


class Member(NamedTuple):
    """A user of a segment: `key` is the numeric one that orders the walk, `user_id` the company's."""

    key: int
    user_id: str


def members(name: str) -> Iterator[str]:
    """The user ids of a segment, by numeric key, in bounded memory. Raises NotFound with near matches."""
    users = streamed(those_of(references.stored(name)), "user_id", chunk=STREAM_CHUNK)
    return (user_id for (user_id,) in users)


def page(name: str, *, after: int, limit: int) -> list[Member]:
    """Up to `limit` members whose key is beyond `after` (0: from the start), in the order of their keys.

    The walk that a broadcast resumes where it stopped; erased users are left out. Raises NotFound with near matches,
    ControlPlaneUnavailable.
    """
    return first(references.stored(name), after=after, limit=limit)


def size(name: str) -> int:
    """How many belong to a segment now, exactly. Raises NotFound, ControlPlaneUnavailable."""
    return counted(references.stored(name))


def first(node: Node, *, limit: int, after: int = 0) -> list[Member]:
    """Up to `limit` of those who meet a condition, by key, beyond `after`."""
    users = those_of(node).filter(pk__gt=after).order_by("pk")
    with control_plane():
        return [Member(key, user_id) for key, user_id in users.values_list("pk", "user_id")[:limit]]


def counted(node: Node) -> int:
    """How many meet a condition."""
    users = those_of(node)
    with control_plane():
        ends = User.objects.aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return 0
    return sum(
        _counted(users, start, min(start + KEYS_A_COUNT - 1, ends["high"]))
        for start in range(ends["low"], ends["high"] + 1, KEYS_A_COUNT)
    )


def those_of(node: Node) -> QuerySet[User]:
    """The users who meet a condition, as a query. Raises InvalidRequest for references that lead nowhere."""
    found = references.resolved(node)
    return matching(node, segments=found.segments, lists=found.lists)


def _counted(users: QuerySet[User], low: int, high: int) -> int:
    with control_plane():
        return users.filter(pk__range=(low, high)).count()
