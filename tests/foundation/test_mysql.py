"""The backend against a MariaDB that is killed, stopped and started again: connections come back by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import DataError, IntegrityError, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from config.databases import control_plane as settings_of
from foundation.control_plane import control_plane, is_away, one_transaction
from foundation.errors import ControlPlaneUnavailable
from foundation.mysql import base
from tests.mysql_server import MySqlServer, mysql_server

__all__ = ["mysql_server"]

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER_WITHIN_S = 1


@pytest.fixture
def handler(mysql_server: MySqlServer) -> Iterator[ConnectionHandler]:
    """Connections as settings make them, one a thread, to a database with one table."""
    found = ConnectionHandler({"default": settings_of(mysql_server.create("np"), answer_within_s=ANSWER_WITHIN_S)})
    base._gates.clear()
    with found["default"].schema_editor() as editor:
        editor.execute(
            editor.sql_create_table % {"table": "t", "definition": "id varchar(5) PRIMARY KEY, n integer NOT NULL"}
        )
    run(found["default"], "INSERT INTO t VALUES ('one', 0)")
    yield found
    found.close_all()


@pytest.fixture
def connection(handler: ConnectionHandler) -> BaseDatabaseWrapper:
    return handler["default"]


def run(connection: BaseDatabaseWrapper, sql: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def in_a_thread(function) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_a_session_is_strict_and_waits_for_nothing_long(connection):
    (found,) = run(
        connection,
        "SELECT @@sql_mode, @@tx_isolation, @@innodb_lock_wait_timeout, @@lock_wait_timeout, "
        "@@idle_transaction_timeout, @@character_set_connection",
    )
    assert "STRICT_ALL_TABLES" in found[0]
    assert found[1:] == ("READ-COMMITTED", 3, 3, 10, "utf8mb4")


def test_text_is_compared_as_sqlite_does(connection):
    for id in ("a", "A", "a ", "ä"):
        run(connection, "INSERT INTO t VALUES (%s, 1)", id)
    assert run(connection, "SELECT count(*) FROM t WHERE id = 'a'") == [(1,)]
    assert connection.operators["icontains"] % "'A'" == "LIKE 'A' COLLATE utf8mb4_general_ci"
    assert run(connection, "SELECT count(*) FROM t WHERE id LIKE '%%A%%' COLLATE utf8mb4_general_ci") == [(4,)]


def test_an_idle_connection_outlives_a_restart_unnoticed(mysql_server, connection, monkeypatch):
    monkeypatch.setattr(base, "LOOK_AFTER_S", 0)
    mysql_server.kill()
    mysql_server.start()
    assert run(connection, "SELECT n FROM t WHERE id = 'one'") == [(0,)]


def test_one_that_broke_in_use_costs_one_error(mysql_server, connection):
    run(connection, "SELECT 1")
    mysql_server.kill()
    mysql_server.start()
    with pytest.raises(OperationalError):
        run(connection, "SELECT 1")
    assert run(connection, "SELECT 1") == [(1,)]


def test_closing_the_cursor_of_a_broken_statement_does_not_hide_what_broke_it(mysql_server, connection):
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    killing = threading.Timer(0.3, mysql_server.kill)
    killing.start()
    with pytest.raises(OperationalError):
        cursor.execute("SELECT SLEEP(10)")
    cursor.close()
    killing.join()
    mysql_server.start()
    assert run(connection, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("at", ["statement", "commit"])
def test_a_transaction_that_broke_is_rolled_back_and_the_next_one_works(mysql_server, handler, at, monkeypatch):
    monkeypatch.setattr("django.db.transaction.connections", handler)
    connection = handler["default"]

    def breaks() -> None:
        with transaction.atomic():
            run(connection, "UPDATE t SET n = 7")
            mysql_server.kill()
            if at == "statement":
                run(connection, "UPDATE t SET n = 8")

    with pytest.raises(OperationalError):
        breaks()
    with pytest.raises(OperationalError):
        run(connection, "SELECT 1")
    mysql_server.start()
    time.sleep(0.6)  # so long nobody tries again
    with transaction.atomic():
        run(connection, "UPDATE t SET n = n + 1")
    assert run(connection, "SELECT n FROM t") == [(1,)]


def test_one_that_breaks_between_transactions_leaves_no_transaction_open(mysql_server, handler, monkeypatch):
    monkeypatch.setattr("django.db.transaction.connections", handler)
    connection = handler["default"]
    connection.set_autocommit(False)
    mysql_server.kill()
    with pytest.raises(OperationalError):
        connection.set_autocommit(True)
    mysql_server.start()
    time.sleep(0.6)  # so long nobody tries again
    with transaction.atomic():
        run(connection, "UPDATE t SET n = n + 1")
    other = handler.create_connection("default")
    assert run(other, "SELECT n FROM t") == [(1,)]
    other.close()


def test_a_server_that_hangs_costs_one_time_out_and_the_others_nothing(mysql_server, handler):
    run(handler["default"], "SELECT 1")
    mysql_server.pause()
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            run(handler["default"], "SELECT 1")
        with pytest.raises(OperationalError):
            run(handler["default"], "SELECT 1")
        assert time.monotonic() - began < ANSWER_WITHIN_S + 2 + 1
        began, refused = time.monotonic(), []

        def ask() -> None:
            try:
                run(handler["default"], "SELECT 1")
            except OperationalError as error:
                refused.append(error)

        for thread in [in_a_thread(ask) for _ in range(20)]:
            thread.join()
        assert len(refused) == 20
        assert time.monotonic() - began < 0.4
    finally:
        mysql_server.go_on()
    time.sleep(0.6)
    assert run(handler["default"], "SELECT 1") == [(1,)]


def test_who_is_stopped_in_a_transaction_is_put_out_by_the_server(handler, monkeypatch):
    """A process that gets SIGSTOP keeps its rows locked until the server's bound for idle transactions."""
    monkeypatch.setattr("django.db.transaction.connections", handler)
    stopped, freed = threading.Event(), threading.Event()
    errors: list[OperationalError] = []

    def stops() -> None:
        connection = handler["default"]
        run(connection, "SET SESSION idle_transaction_timeout = 1")
        try:
            with transaction.atomic():
                run(connection, "UPDATE t SET n = 1")
                stopped.set()
                freed.wait(20)
                run(connection, "UPDATE t SET n = 1")
        except OperationalError as error:
            errors.append(error)

    thread = in_a_thread(stops)
    stopped.wait(5)
    began = time.monotonic()
    run(handler["default"], "SET SESSION innodb_lock_wait_timeout = 10")
    while time.monotonic() - began < 10:
        try:
            run(handler["default"], "UPDATE t SET n = 2")
            break
        except OperationalError:  # its own bound of a second on the socket
            time.sleep(0.6)
    freed.set()
    thread.join()
    assert run(handler["default"], "SELECT n FROM t") == [(2,)]
    assert is_away(errors[0])


def test_ignoring_conflicts_ignores_nothing_else(connection):
    from django.db.models.constants import OnConflict

    class Column:
        column = "id"

    start = connection.ops.insert_statement(OnConflict.IGNORE)
    end = connection.ops.on_conflict_suffix_sql([Column], OnConflict.IGNORE, [], [])
    run(connection, f"{start} t VALUES ('one', 5) {end}")
    assert run(connection, "SELECT n FROM t") == [(0,)]
    with pytest.raises(DataError):
        run(connection, f"{start} t VALUES ('too long', 5) {end}")
    with pytest.raises(IntegrityError):
        run(connection, f"{start} t VALUES ('two', NULL) {end}")


class TestOneTransaction:
    def test_a_deadlocks_victim_tries_once_more(self):
        tries = []

        @one_transaction
        def work() -> int:
            tries.append(1)
            if len(tries) == 1:
                raise OperationalError(1213, "Deadlock found when trying to get lock")
            return len(tries)

        assert work() == 2

    def test_twice_is_a_database_that_is_away(self):
        @one_transaction
        def work() -> None:
            raise OperationalError(1213, "Deadlock found when trying to get lock")

        with pytest.raises(ControlPlaneUnavailable):
            work()

    def test_a_mistake_is_no_database_that_is_away(self):
        with pytest.raises(IntegrityError), control_plane():
            raise IntegrityError("no such user")
