"""The SQL database as the rest of us meets it: "it is away" is one error, whichever engine says it and however.

Used around every use of the ORM whose caller can wait: `with control_plane(): …`, or `@one_transaction` where the whole
function is one and may be run again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction

from foundation.errors import ControlPlaneUnavailable

P = ParamSpec("P")
R = TypeVar("R")

DEADLOCK = 1213
NO_SUCH_TABLE = 1146
"""MySQL calls it a mistake of the program; SQLite says what it is for us: not migrated yet, so it is waited for."""


@contextmanager
def control_plane() -> Iterator[None]:
    """Raises ControlPlaneUnavailable for what says that the database is away, busy, or not ready for us."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if not is_away(error):
            raise
        raise ControlPlaneUnavailable(f"the control plane can't be reached: {error}") from error


def is_away(error: BaseException) -> bool:
    """Whether `error` says that the database can't be worked with now; a mistake in a statement or value doesn't."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DatabaseError) and error.args[:1] == (NO_SUCH_TABLE,)


def one_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Makes the function one transaction of the control plane; a deadlock's victim tries once more.

    Raises ControlPlaneUnavailable. Inside another transaction it is a part of it: then that one's owner decides.
    """

    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            return function(*args, **kwargs)

    @functools.wraps(function)
    def whole(*args: P.args, **kwargs: P.kwargs) -> R:
        with control_plane():
            if connections["default"].in_atomic_block:
                return function(*args, **kwargs)
            try:
                return in_transaction(*args, **kwargs)
            except OperationalError as error:
                if error.args[:1] != (DEADLOCK,):
                    raise
            return in_transaction(*args, **kwargs)

    return whole
