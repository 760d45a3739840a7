"""Reading SQL from any thread, also from one that runs an event loop, with "it is away" as one error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from foundation.control_plane import control_plane
from foundation.errors import ControlPlaneUnavailable

T = TypeVar("T")


def read(query: Callable[[], T]) -> T:
    """What `query` reads; a connection that broke meanwhile is made anew once.

    Raises ControlPlaneUnavailable when the database can't be reached.
    """
    if _in_event_loop():
        with ThreadPoolExecutor(1) as pool:  # Django refuses SQL in a loop's thread; this is rare and short
            return pool.submit(_read_and_close, query).result()
    return _read(query)


def in_transaction() -> bool:
    """Whether this thread reads inside a transaction, and so may see what is never committed."""
    return not _in_event_loop() and connection.in_atomic_block


def _read(query: Callable[[], T]) -> T:
    try:
        with control_plane():
            return query()
    except ControlPlaneUnavailable:
        connection.close_if_unusable_or_obsolete()
    with control_plane():
        return query()


def _read_and_close(query: Callable[[], T]) -> T:
    try:
        return _read(query)
    finally:
        connection.close()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
