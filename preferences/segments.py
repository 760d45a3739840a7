"""Who belongs to a segment: a small condition, turned into one query that streams."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from foundation.errors import InvalidRequest, NotFound
from foundation.streaming import streamed
from preferences.models import Device, Segment, User
from preferences.nearness import did_you_mean

ALL_ACTIVE_USERS = "all_active_users"
STREAM_CHUNK = 5_000


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All given parts must hold; none given: everybody. Erased users never belong.

    `locales` match by language or whole tag, `reachable_by` asks for an address on every channel named,
    `attributes` for equal values, `active_within_days` for `last_active`.
    """

    locales: tuple[str, ...] = ()
    time_zones: tuple[str, ...] = ()
    reachable_by: tuple[Literal["push", "email", "sms"], ...] = ()
    active_within_days: int | None = None
    attributes: dict[str, str | int | float | bool] = {}


def parse_condition(value: Any) -> Condition:
    """The condition in a segment's JSON. Raises InvalidRequest naming what is wrong."""
    try:
        return msgspec.convert(value, Condition)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error), field="condition") from error


def members(name: str) -> Iterator[str]:
    """The user ids of a segment, by numeric key, in bounded memory. Raises NotFound with near matches."""
    users = streamed(matching(_condition(name)), "user_id", chunk=STREAM_CHUNK)
    return (user_id for (user_id,) in users)


class Member(NamedTuple):
    """A user of a segment: `key` is the numeric one that orders the walk, `user_id` the company's."""

    key: int
    user_id: str


def page(name: str, *, after: int, limit: int) -> list[Member]:
    """Up to `limit` members whose key is beyond `after` (0: from the start), in the order of their keys.

    The walk that a broadcast resumes where it stopped. Raises NotFound with near matches.
    """
    rows = matching(_condition(name)).filter(pk__gt=after).order_by("pk")
    return [Member(key, user_id) for key, user_id in rows.values_list("pk", "user_id")[:limit]]


def size(name: str) -> int:
    """How many belong to a segment now. Raises NotFound."""
    return matching(_condition(name)).count()


def matching(condition: Condition) -> QuerySet[User]:
    """The users who meet `condition`."""
    users = User.objects.filter(erased_at=None)
    if condition.locales:
        users = users.filter(_any_locale(condition.locales))
    if condition.time_zones:
        users = users.filter(time_zone__in=condition.time_zones)
    if condition.active_within_days is not None:
        users = users.filter(last_active__gte=timezone.now() - timedelta(days=condition.active_within_days))
    for channel in condition.reachable_by:
        users = users.filter(_reachable(channel))
    for position, (name, value) in enumerate(condition.attributes.items()):
        alias = f"attribute_{position}"
        users = users.alias(**{alias: KeyTransform(name, "attributes")}).filter(**{alias: value})
    return users


def _condition(name: str) -> Condition:
    stored = Segment.objects.filter(name=name).values_list("condition", flat=True).first()
    if stored is None:
        known = Segment.objects.values_list("name", flat=True)
        raise NotFound(f"There is no segment “{name}”.", field="segment", remedy=did_you_mean(name, known) or None)
    return parse_condition(stored or {})


def _any_locale(locales: tuple[str, ...]) -> Q:
    wanted = Q()
    for locale in locales:
        wanted |= Q(locale=locale) | Q(locale__startswith=f"{locale}-")
    return wanted


def _reachable(channel: str) -> Q:
    if channel == "push":
        return Q(Exists(Device.objects.filter(user=OuterRef("pk"))))
    return ~Q(**{"email" if channel == "email" else "phone": ""})
