"""From a condition to one query. Values are parameters, names are chosen here: no text of a form becomes SQL.

What is unknown of a user (no such attribute, never active) doesn't meet a condition, and so meets its negation: SQL's
third truth value is folded away where something is negated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import reduce
from typing import Any

from django.db.models import BooleanField, Case, Exists, FloatField, OuterRef, Q, QuerySet, TextField, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.utils import timezone

from foundation.errors import InvalidRequest
from preferences.models import DeliverySummary, Device, StaticListMember, User
from preferences.segments import conditions
from preferences.segments.conditions import MAX_NUMBER, AllOf, AnyOf, Attribute, Node, Not, Scalar

NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
DIGITS = 15

EVERYBODY = Q()
NOBODY = Q(pk__in=[])


def matching(node: Node, *, segments: Mapping[str, Node], lists: Mapping[str, int]) -> QuerySet[User]:
    """The users who meet `node`; erased ones never do.

    `segments` and `lists` are what it refers to, however far down (`references.resolved`). Raises InvalidRequest for
    segments that contain each other.
    """
    compiler = _Compiler(segments, lists)
    wanted = compiler.compiled(node, negated=False)
    return User.objects.filter(erased_at=None).alias(**compiler.aliases).filter(wanted)


class _Compiler:
    """One query in the making: `aliases` are the expressions that its conditions name."""

    def __init__(self, segments: Mapping[str, Node], lists: Mapping[str, int]) -> None:
        self.aliases: dict[str, Any] = {}
        self._segments = segments
        self._lists = lists
        self._inside: list[str] = []
        self._now = timezone.now()

    def compiled(self, node: Node, *, negated: bool) -> Q:
        if isinstance(node, AllOf):
            return _joined([self.compiled(part, negated=negated) for part in node.of], EVERYBODY, Q.__and__)
        if isinstance(node, AnyOf):
            return _joined([self.compiled(part, negated=negated) for part in node.of], NOBODY, Q.__or__)
        if isinstance(node, Not):
            return _not(self.compiled(node.of, negated=True))
        if isinstance(node, conditions.InSegment):
            return self._other(node.name, negated)
        leaf = self._leaf(node)
        return _two_valued(leaf) if negated else leaf

    def _other(self, name: str, negated: bool) -> Q:
        if name in self._inside:
            path = " → ".join([*self._inside[self._inside.index(name) :], name])
            raise InvalidRequest(f"These segments contain each other: {path}.", field="condition")
        self._inside.append(name)
        found = self.compiled(self._segments[name], negated=negated)
        self._inside.pop()
        return found

    def _leaf(self, node: Node) -> Q:
        match node:
            case Attribute():
                return self._attribute(node)
            case conditions.Active(within_days=days):
                # Never by its index: everything walks along the keys, which an index would have to be sorted into.
                return _two_valued(Q(last_active__gte=self._since(days)))
            case conditions.Registered(within_days=days):
                return Q(created_at__gte=self._since(days))
            case conditions.Locale(any_of=locales):
                by_language = [Q(locale=each) | Q(locale__startswith=f"{each}-") for each in locales]
                return _joined(by_language, NOBODY, Q.__or__)
            case conditions.TimeZone(any_of=zones):
                return Q(time_zone__in=zones)
            case conditions.Reachable(channel="push"):
                return Q(Exists(Device.objects.filter(user=OuterRef("pk"))))
            case conditions.Reachable(channel=channel):
                return ~Q(**{"email" if channel == "email" else "phone": ""})
            case conditions.HasDevice():
                return self._device(node)
            case conditions.Delivered():
                return self._delivered(node)
            case conditions.InList(name=name):
                return Q(Exists(StaticListMember.objects.filter(list=self._lists[name], user=OuterRef("pk"))))
        raise TypeError(node)

    def _device(self, node: conditions.HasDevice) -> Q:
        devices = Device.objects.filter(user=OuterRef("pk"))
        if node.platform:
            devices = devices.filter(platform=node.platform)
        if node.within_days is not None:
            devices = devices.filter(registered_at__gte=self._since(node.within_days))
        return Q(Exists(devices))

    def _delivered(self, node: conditions.Delivered) -> Q:
        rows = DeliverySummary.objects.filter(user=OuterRef("user_id"))
        if node.types:
            rows = rows.filter(type__in=node.types)
        if node.channel:
            rows = rows.filter(channel=node.channel)
        if node.within_days is None:
            return Q(Exists(rows.filter(**{f"{node.fact}_on__isnull": False})))
        since = self._since(node.within_days).date()
        return Q(Exists(rows.filter(**{f"{node.fact}_on__gte": since})))

    def _attribute(self, node: Attribute) -> Q:
        if node.op == "known":
            return Q(attributes__has_key=node.name)
        if node.op in ("is", "one_of"):
            value = self._alias(KeyTransform(node.name, "attributes"))
            wanted = node.values if node.op == "one_of" else (node.value,)
            return _joined([Q(**{value: form}) for each in wanted for form in _forms(each)], NOBODY, Q.__or__)
        text = self._alias(Cast(KeyTextTransform(node.name, "attributes"), TextField()))
        if node.op in ("contains", "begins"):
            return Q(**{f"{text}__{'icontains' if node.op == 'contains' else 'istartswith'}": node.value})
        number = self._alias(Cast(KeyTextTransform(node.name, "attributes"), FloatField()))
        compare = "gte" if node.op == "at_least" else "lte"
        return Q(**{f"{text}__regex": NUMBER}) & Q(**{f"{number}__{compare}": float(node.value or 0)})

    def _alias(self, expression: Any) -> str:
        for name, known in self.aliases.items():
            if known == expression:
                return name
        name = f"fact_{len(self.aliases)}"
        self.aliases[name] = expression
        return name

    def _since(self, days: int) -> Any:
        return self._now - timedelta(days=days)


def _joined(parts: list[Q], of_none: Q, join: Callable[[Q, Q], Q]) -> Q:
    """An empty Q is everybody, which Django's own `|` would leave out."""
    if not parts:
        return of_none
    if join is Q.__or__ and not all(parts):
        return EVERYBODY
    return reduce(join, parts)


def _not(part: Q) -> Q:
    return ~part if part else NOBODY


def _two_valued(part: Q) -> Q:
    """True or false, never SQL's NULL, whose negation would be NULL again."""
    return Q(Case(When(part, then=True), default=False, output_field=BooleanField()))


def _forms(value: Scalar | None) -> list[Scalar | None]:
    """How the same value may be stored: 3 or "3", true or "true". (MariaDB itself holds them equal, SQLite doesn't.)"""
    if isinstance(value, bool):
        return [value, str(value).lower()]
    if isinstance(value, int | float):
        return [value, str(value)]
    if isinstance(value, str) and value in ("true", "false"):
        return [value, value == "true"]
    if isinstance(value, str) and len(value) <= DIGITS and re.fullmatch(NUMBER, value):
        number = float(value)
        return [value, int(number) if number.is_integer() else number] if abs(number) <= MAX_NUMBER else [value]
    return [value]
