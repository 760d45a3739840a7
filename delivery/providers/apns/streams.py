"""The streams of a connection to APNs: how many are free, and h2 as a connection needs it that is kept for long."""

from __future__ import annotations

from typing import Any

from aioapns.connection import ChannelPool
from h2.connection import ConnectionState, H2Connection

LAST_STREAM = 2**30  # a connection's streams are numbered once; well before they end comes another connection


class Streams(ChannelPool):
    """How many streams are free. The bound may change while some are taken, which aioapns' own counts wrongly."""

    _value: int
    _bound_value: int

    @property
    def is_spent(self) -> bool:
        """Whether the connection has numbered so many streams that another should take over."""
        return bool(self._stream_id > LAST_STREAM)

    @property
    def bound(self) -> int:
        return self._bound_value

    @bound.setter
    def bound(self, new: int) -> None:
        self._value += new - self._bound_value
        self._bound_value = new


class ForgivingH2(H2Connection):
    """After a GOAWAY the answers to what is under way can still be read, which h2 refuses."""

    @property
    def open_outbound_streams(self) -> int:
        """At each request h2 goes through all streams; that is only needed where there may be too many."""
        known = len(self.streams)
        is_sure = known < self.remote_settings.max_concurrent_streams
        return known if is_sure else int(super().open_outbound_streams)

    def _receive_goaway_frame(self, frame: Any) -> Any:
        result = super()._receive_goaway_frame(frame)
        self.state_machine.state = ConnectionState.CLIENT_OPEN
        return result
