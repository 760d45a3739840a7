"""The connection of the SQL engine: one transaction a batch, database trouble mapped to the tree of errors once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connections, transaction

from foundation.errors import StoreUnavailable

ALIAS = "store"
IDS_PER_QUERY = 1_000

T = TypeVar("T")


@contextmanager
def reachable() -> Iterator[None]:
    """Turns a database that is away, locked or full into StoreUnavailable, and lets go of a broken connection."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        connections[ALIAS].close_if_unusable_or_obsolete()
        raise StoreUnavailable(f"the notification store is away: {error}") from error


@contextmanager
def writing() -> Iterator[Any]:
    """A cursor in one transaction that holds the write lock from its start (see `transaction_mode` in settings)."""
    with reachable(), transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        yield cursor


def write(*statements: tuple[str, Sequence[Sequence[Any]]]) -> None:
    """Runs each statement for all its rows, in one transaction. bulk_create would cost five times as much a row."""
    given = [(sql, rows) for sql, rows in statements if rows]
    if given:
        with writing() as cursor:
            for sql, rows in given:
                cursor.executemany(sql, rows)


def portions(values: Collection[T], size: int = IDS_PER_QUERY) -> Iterator[list[T]]:
    """`values` in lists that fit one query's parameters."""
    rest = iter(values)
    while portion := list(islice(rest, size)):
        yield portion
