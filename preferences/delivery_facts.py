"""Writing the summary of past deliveries: a batch of facts in one upsert each. Read by segments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from django.db import connections, router
from django.db.models import Q
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from foundation.control_plane import one_transaction
from preferences.models import DeliverySummary

SENT, ENGAGED, FAILED = "sent", "engaged", "failed"
KEY = ("user", "type", "channel")


class Fact(NamedTuple):
    """On `day`, something of `type` was sent to `user` on `channel`, or was read there, or failed there."""

    user: str
    type: str
    channel: str
    fact: str
    day: date


@one_transaction
def write(facts: Collection[Fact], *, today: date) -> None:
    """Keeps the last day of each. Raises ControlPlaneUnavailable."""
    by_fact: dict[str, list[Fact]] = defaultdict(list)
    for each in sorted(facts):  # who locks rows in one order can't meet in a deadlock
        by_fact[each.fact].append(each)
    for fact, rows in by_fact.items():
        _upsert(fact, [row for row in rows if row.day >= today])
        _late(fact, [row for row in rows if row.day < today])


def _upsert(fact: str, rows: Sequence[Fact]) -> None:
    """Django's own upsert, made once and run for all rows: `bulk_create` costs four times as much a row."""
    if rows:
        with connections[_database()].cursor() as cursor:
            cursor.executemany(_statement(fact), [_values(each) for each in rows])


@cache
def _statement(fact: str) -> str:
    """INSERT … ON CONFLICT in the engine's words, for KEY and the fact's day."""
    fields = {field.name: field for field in DeliverySummary._meta.concrete_fields}
    upsert = InsertQuery(
        DeliverySummary,
        on_conflict=OnConflict.UPDATE,
        update_fields=[fields[f"{fact}_on"]],
        unique_fields=[fields[name] for name in _conflict_target()],
    )
    example = _row(Fact("", "", "", fact, date.min))
    upsert.insert_values([fields[name] for name in (*KEY, f"{fact}_on")], [example])
    ((statement, _),) = upsert.get_compiler(using=_database()).as_sql()
    return str(statement)


def _values(fact: Fact) -> tuple[str, str, str, str]:
    return fact.user, fact.type, fact.channel, fact.day.isoformat()


def _database() -> str:
    return router.db_for_write(DeliverySummary)


def _late(fact: str, rows: Sequence[Fact]) -> None:
    """What is told a day late or more must not set back what was told since."""
    if not rows:
        return
    DeliverySummary.objects.bulk_create([_row(each) for each in rows], ignore_conflicts=True)
    alike: dict[tuple[str, str, date], list[str]] = defaultdict(list)
    for each in rows:
        alike[each.type, each.channel, each.day].append(each.user)
    column = f"{fact}_on"
    for (type, channel, day), users in alike.items():
        older = DeliverySummary.objects.filter(user__in=users, type=type, channel=channel)
        older.filter(Q(**{f"{column}__lt": day}) | Q(**{column: None})).update(**{column: day})


def _row(fact: Fact) -> DeliverySummary:
    return DeliverySummary(user=fact.user, type=fact.type, channel=fact.channel, **{f"{fact.fact}_on": fact.day})


def _conflict_target() -> tuple[str, ...]:
    """MySQL takes no target: any unique key counts there."""
    features = connections[_database()].features
    return KEY if features.supports_update_conflicts_with_target else ()
