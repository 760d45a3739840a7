"""Where MySQL's dialect would do other than SQLite does: conflicts, and how text is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.backends.mysql.base import DatabaseWrapper as MySQLWrapper
from django.db.backends.mysql.operations import DatabaseOperations as MySQLOperations
from django.db.backends.mysql.schema import DatabaseSchemaEditor as MySQLSchemaEditor
from django.db.models.constants import OnConflict

ANY_CASE = "utf8mb4_general_ci"


class DatabaseOperations(MySQLOperations):
    """`ignore_conflicts` leaves a row that is there as it is, and nothing more.

    INSERT IGNORE would also cut a value that is too long and drop a row whose parent is missing, with a warning
    nobody reads; two identities cut to one would lose a notification.
    """

    def insert_statement(self, on_conflict: OnConflict | None = None) -> str:
        return "INSERT INTO"

    def on_conflict_suffix_sql(
        self, fields: Iterable[Any], on_conflict: Any, update_fields: Any, unique_fields: Any
    ) -> str:
        if on_conflict == OnConflict.IGNORE:
            column = self.quote_name(next(iter(fields)).column)
            return f"ON DUPLICATE KEY UPDATE {column} = {column}"
        sql: str = super().on_conflict_suffix_sql(fields, on_conflict, update_fields, unique_fields)
        return sql


class DatabaseSchemaEditor(MySQLSchemaEditor):
    """Every table compares text byte for byte, trailing blanks too, whatever the database's default is."""

    @property
    def sql_create_table(self) -> str:  # type: ignore[override]
        collation = "utf8mb4_nopad_bin" if self.connection.mysql_is_mariadb else "utf8mb4_0900_bin"
        return f"{MySQLSchemaEditor.sql_create_table} CHARACTER SET utf8mb4 COLLATE {collation}"


def in_any_case(sql: Mapping[str, str]) -> dict[str, str]:
    """The lookups `i…` of `sql` with a collation that knows no case; the columns themselves do."""
    return {name: f"{text} COLLATE {ANY_CASE}" if name in _ANY_CASE else text for name, text in sql.items()}


_ANY_CASE = {name for name in MySQLWrapper.operators if name.startswith("i") and name != "in"}
