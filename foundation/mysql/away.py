"""Who may try a database server that was away: one thread at a time, and not more often than once in a while.

A server that is cut off answers nothing, so each try costs its time-out. Without this every thread of a web process
would wait for it at once, and nothing else would be served.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

REST_S = 0.5
"""How long nobody tries after a try that failed."""


class Away(Exception):
    """The server was away a moment ago and this isn't the thread that looks whether it is back."""


class Gate:
    """One for each database of a process."""

    def __init__(self) -> None:
        self._trying = threading.Lock()
        self._shut = False
        self._rest_until = 0.0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Around a try to connect. Raises Away at once where others have just failed or are trying after a failure."""
        if not self._shut:
            yield from self._try()
            return
        if time.monotonic() < self._rest_until or not self._trying.acquire(blocking=False):
            raise Away
        try:
            yield from self._try()
        finally:
            self._trying.release()

    def _try(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._rest_until = time.monotonic() + REST_S
            self._shut = True
            raise
        self._shut = False
