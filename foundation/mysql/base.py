"""The backend: connections kept for good, looked at after a rest, closed when they break (docs/decisions/0013).

Threads of workers, bridges and gateways have no request whose beginning or end would do that. This is the one place.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from django.db import DatabaseError
from django.db.backends.mysql import base

from foundation.mysql.away import Away, Gate
from foundation.mysql.operations import DatabaseOperations, DatabaseSchemaEditor, in_any_case

LOOK_AFTER_S = 1.0
"""A connection unused for longer is asked (one ping) whether it still is one."""

# The connection is no more, or is the server's to end: MySQL "Server Error Reference", "Client Error Reference";
# MariaDB's 1927 (killed, as by idle_transaction_timeout) and 4031 (idle for too long).
LOST = frozenset({1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2014, 2027, 2055, 3169, 4031})
LOST_CODE = 2003

_gates: defaultdict[tuple[str, ...], Gate] = defaultdict(Gate)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, on connections that survive a server's restart."""

    operators = in_any_case(base.DatabaseWrapper.operators)
    pattern_ops = in_any_case(base.DatabaseWrapper.pattern_ops)
    ops_class = DatabaseOperations
    SchemaEditorClass = DatabaseSchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used_at = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        where = tuple(str(conn_params.get(name)) for name in ("host", "port", "unix_socket", "database"))
        try:
            with _gates[where].passing():
                connection = super().get_new_connection(conn_params)
        except Away:
            raise self.Database.OperationalError(LOST_CODE, "the server was away a moment ago") from None
        self._used_at = time.monotonic()
        return connection

    def close_if_health_check_failed(self) -> None:
        if not self.in_atomic_block:
            now = time.monotonic()
            if now - self._used_at > LOOK_AFTER_S:
                self.health_check_done = False
            self._used_at = now
        super().close_if_health_check_failed()

    def create_cursor(self, name: str | None = None) -> Any:
        return _Cursor(super().create_cursor(name), self)

    def _set_autocommit(self, autocommit: bool) -> None:
        """A connection that can't be told is of no use. Kept, it would stay out of autocommit: Django's next `atomic`
        would take that for somebody's wish, never commit, and never be left again once the connection is closed."""
        try:
            super()._set_autocommit(autocommit)  # type: ignore[misc]
        except DatabaseError:
            self.close()
            raise

    def drop_if_lost(self, error: Exception) -> None:
        """Closes the connection if `error` says that it is lost: the next use makes a new one."""
        if isinstance(error, self.Database.InterfaceError) or (error.args and error.args[0] in LOST):
            self.close()


class _Cursor:
    """Django's cursor; a connection that breaks under it is closed."""

    def __init__(self, cursor: Any, wrapper: DatabaseWrapper) -> None:
        self._cursor, self._wrapper = cursor, wrapper

    def execute(self, query: Any, args: Any = None) -> Any:
        return self._watched(self._cursor.execute, query, args)

    def executemany(self, query: Any, args: Any) -> Any:
        return self._watched(self._cursor.executemany, query, args)

    def close(self) -> None:
        """Never raises for a connection that is lost: the statement told of it, and the driver's error from here, where
        Django doesn't translate it, would hide that one."""
        try:
            self._cursor.close()
        except self._wrapper.Database.Error as error:
            self._wrapper.drop_if_lost(error)

    def _watched(self, function: Any, query: Any, args: Any) -> Any:
        try:
            return function(query, args)
        except self._wrapper.Database.Error as error:
            self._wrapper.drop_if_lost(error)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __iter__(self) -> Any:
        return iter(self._cursor)
