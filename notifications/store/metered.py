"""The notification store with its writes timed; everything else is the engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foundation import meters
from notifications.store.port import Store

WRITES = ("add_inbox", "record", "record_details")


class MeteredStore:
    """Hands everything on to `engine`."""

    def __init__(self, engine: Store) -> None:
        self.engine = engine

    def add_inbox(self, rows: Sequence[Any]) -> None:
        """See the port."""
        self._write("add_inbox", rows)

    def record(self, entries: Sequence[Any], details: Sequence[Any] = ()) -> None:
        """See the port."""
        self._write("record", entries, details)

    def record_details(self, details: Sequence[Any]) -> None:
        """See the port."""
        self._write("record_details", details)

    def _write(self, call: str, *rows: Sequence[Any]) -> None:
        try:
            with meters.timed(meters.STORE.labels(call)):
                getattr(self.engine, call)(*rows)
        except Exception:
            meters.STORE_FAILED.labels(call).inc()
            raise
        meters.STORED.labels(call).inc(sum(map(len, rows)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)
