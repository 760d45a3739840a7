"""The log with its appends timed; everything else is the engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foundation import meters
from notifications.log.port import Log, Message


class MeteredLog:
    """Hands everything on to `engine`."""

    def __init__(self, engine: Log) -> None:
        self.engine = engine

    def produce(self, messages: Sequence[Message], *, within_s: float | None = None) -> None:
        """See the port."""
        try:
            with meters.timed(meters.PRODUCE):
                self.engine.produce(messages, within_s=within_s)
        except Exception:
            meters.PRODUCE_FAILED.inc()
            raise
        meters.PRODUCED.inc(len(messages))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)
