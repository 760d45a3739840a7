"""One kept connection to APNs: aioapns' protocol, held to what a long-lived connection needs.

aioapns 4.0 writes the requests and signs the token; what it leaves open and is closed here:

    it doesn't                                                   so here
    wait for the server's settings (APNs allows one stream       nothing is begun before they came, nor beyond the
    first) or for room in the flow-control window                window
    give back the window of answers, forget answered streams     both, or the connection stalls after 64 KB of errors
    bear an answer that comes after its send was given up        it is dropped
    tell a stream that was never processed from one in doubt     `NeverTaken` | ConnectionClosed (RFC 9113 §6.8, §8.7)
    let what is under way finish after a GOAWAY                  it finishes, nothing new begins
    notice that nobody is at the other end any more              after a time-out in silence nothing new begins
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aioapns import NotificationRequest
from aioapns.common import NotificationResult
from aioapns.connection import APNsProductionClientProtocol
from aioapns.exceptions import ConnectionClosed
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import ChangedSetting, SettingCodes

from delivery.providers.apns.answer import Answer
from delivery.providers.apns.streams import ForgivingH2, Streams

FIRST_STREAMS = 1_000
LONGEST_ANSWER = 4_096


class NeverTaken(ConnectionClosed):
    """The server certainly didn't act on this request: it may be sent again on another connection."""


class Connection(APNsProductionClientProtocol):
    """A connection of the pool; used on the loop alone. Subclassed with the account's host, port and idle time."""

    requests: dict[str, asyncio.Future[NotificationResult]]
    free_channels: Streams

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = ForgivingH2()
        self.free_channels = Streams(FIRST_STREAMS)
        self.settled = asyncio.Event()
        self._takes_no_more = False
        self._moved = asyncio.Event()
        self._is_flushing = False
        self._gate = asyncio.Lock()
        self._heads: dict[int, dict[bytes, bytes]] = {}
        self._bodies: dict[int, bytes] = {}

    @property
    def is_over(self) -> bool:
        """Whether nothing new may begin here; what is under way may still be answered."""
        return self._takes_no_more or self._is_cut

    @property
    def is_busy(self) -> bool:
        """Whether the pool should look for another: who finds no room here waits in `turn`."""
        return self.is_over

    async def turn(self, size: int) -> None:
        """Waits until a request of `size` bytes may begin, which it must without waiting for anything else.

        Raises NeverTaken when the connection ends before.
        """
        async with self._gate:
            if self.free_channels.is_spent:
                self._drain(H2Connection.HIGHEST_ALLOWED_STREAM_ID)
            while not self._has_room(size):
                if self.is_over:
                    raise NeverTaken("the connection ended before it began")
                self._moved.clear()
                await self._moved.wait()

    async def send_notification(self, request: NotificationRequest) -> NotificationResult:
        """Sends and waits for the answer. Raises NeverTaken, or ConnectionClosed where it may have been accepted."""
        began = self.loop.time()
        try:
            return await super().send_notification(request)
        except asyncio.CancelledError:
            self._give_up(request.notification_id)
            self._suspect(began)
            raise

    def data_received(self, data: bytes) -> None:
        try:
            events = self.conn.receive_data(data)
        except ProtocolError:
            self.close()
            return
        if events:
            self._heard_at = self.loop.time()
        for event in events:
            self._handle(event)
        self.flush()

    def close(self) -> None:
        """Ends it at once; what is under way is in doubt."""
        self._takes_no_more = True
        super().close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._takes_no_more = True
        self.request_streams.clear()
        self.requests = {name: future for name, future in self.requests.items() if not future.done()}
        super().connection_lost(exc)
        self._moved.set()
        self.settled.set()

    def flush(self) -> None:
        """Writes what the requests of one turn of the loop have put together, in one go."""
        if not self._is_flushing:
            self._is_flushing = True
            self.loop.call_soon(self._flush_now)

    def _flush_now(self) -> None:
        self._is_flushing = False
        if not self._is_cut:
            super().flush()

    @property
    def _is_cut(self) -> bool:
        return self.transport is not None and self.transport.is_closing()

    def _has_room(self, size: int) -> bool:
        return (
            self.settled.is_set()
            and not self.is_over
            and not self.free_channels.is_busy
            and self.conn.outbound_flow_control_window >= size
        )

    def _handle(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=stream, headers=headers):
                self._heads[stream] = {bytes(name): bytes(value) for name, value in headers}
            case DataReceived(stream_id=stream, data=data):
                self._bodies[stream] = (self._bodies.get(stream, b"") + data)[:LONGEST_ANSWER]
                self.conn.acknowledge_received_data(event.flow_controlled_length, stream)
            case StreamEnded(stream_id=stream):
                self._answered(stream)
            case StreamReset(stream_id=stream):
                refused = event.error_code == ErrorCodes.REFUSED_STREAM
                self._failed(stream, NeverTaken("refused") if refused else ConnectionClosed("the stream was reset"))
            case RemoteSettingsChanged():
                self.on_remote_settings_changed(cast(dict[SettingCodes, ChangedSetting], event.changed_settings))
                self.settled.set()
                self._moved.set()
            case WindowUpdated():
                self._moved.set()
            case ConnectionTerminated():
                self._drain(event.last_stream_id or 0)
            case _:
                return  # acknowledgements, pings, hints: nothing follows from them

    def _answered(self, stream: int) -> None:
        head, body = self._heads.pop(stream, {}), self._bodies.pop(stream, b"")
        name, future = self._let_go(stream)
        if future is not None and not future.done():
            future.set_result(Answer(name, head, body))
        self._close_if_drained()

    def _failed(self, stream: int, error: ConnectionClosed) -> None:
        self._heads.pop(stream, None)
        self._bodies.pop(stream, None)
        _, future = self._let_go(stream)
        if future is not None and not future.done():
            future.set_exception(error)
        self._close_if_drained()

    def _let_go(self, stream: int) -> tuple[str, asyncio.Future[NotificationResult] | None]:
        name = self.request_streams.pop(stream, "")
        if name:
            self.free_channels.release()
            self._moved.set()
        return name, self.requests.pop(name, None)

    def _give_up(self, name: str) -> None:
        """Resets the stream of a send nobody waits for any more, so that it doesn't hold a place for ever."""
        stream = next((stream for stream, of in self.request_streams.items() if of == name), None)
        if stream is None or self._is_cut:
            return
        self.conn.reset_stream(stream, ErrorCodes.CANCEL)
        self.flush()
        self._let_go(stream)

    def _suspect(self, began: float) -> None:
        """A send had no answer: where nothing else came for half of its time, what is new goes over another."""
        now = self.loop.time()
        if now - self._heard_at > (now - began) / 2:
            self._drain(H2Connection.HIGHEST_ALLOWED_STREAM_ID)

    def _drain(self, last: int) -> None:
        self._takes_no_more = True
        self._moved.set()
        if self.on_connection_lost:
            self.on_connection_lost(self)
        for stream in [stream for stream in self.request_streams if stream > last]:
            self._failed(stream, NeverTaken("the server said GOAWAY before it took this"))
        self._close_if_drained()

    def _close_if_drained(self) -> None:
        if self.is_over and not self.request_streams:
            self.close()
