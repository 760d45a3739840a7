"""A server of HTTP/2 over TLS, by h2: hands whole requests to an application, which answers as a script says."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.events import DataReceived, RemoteSettingsChanged, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from tests.simulators.certificates import server_tls
from tests.simulators.control import CODE, DROP, GOAWAY, LIMITED, OK, RUBBISH, SILENCE, Answer, Script
from tests.simulators.running import HOST, Running

MAX_STREAMS = 1_000
WINDOW = 1 << 20
NONSENSE = b"HTTP/1.1 418 I'm a teapot\r\n\r\n"


class Request(NamedTuple):
    """One request, whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is answered; an empty body means no DATA frame."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Http2Simulator(Running):
    """`read` turns a request into (id, address); `reply` an answer into what goes over the wire."""

    def __init__(self, script: Script | None = None, *, max_streams: int = MAX_STREAMS, port: int = 0) -> None:
        self.script = script or Script()
        self.max_streams = max_streams
        self.port = port
        self.connections: set[_Connection] = set()

    async def start(self) -> None:
        self._server = await self.loop.create_server(lambda: _Connection(self), HOST, self.port, ssl=server_tls())
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.transport.abort()

    def name(self, request: Request) -> tuple[str, str]:
        """(the sender's id, the address) of a request."""
        raise NotImplementedError

    def refusal(self, request: Request) -> Answer | None:
        """What is wrong with a request before any script is asked."""
        raise NotImplementedError

    def reply(self, request: Request, answer: Answer) -> Reply:
        """The reply for a kind of OK, CODE or LIMITED."""
        raise NotImplementedError

    def keep(self, request: Request, answer: Answer) -> None:
        """Notes what came."""
        name, address = self.name(request)
        self.script.take(id=name, address=address, answer=answer.kind, headers=request.headers, body=request.body)


class _Connection(asyncio.Protocol):
    def __init__(self, simulator: Http2Simulator) -> None:
        self.simulator, self.script = simulator, simulator.script
        self.conn = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.last = 0
        self.is_over = self.is_mute = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.simulator.connections.add(self)
        self.script.connected()
        self.is_mute = self.script.is_mute()
        if self.is_mute:
            return
        first = {SettingCodes.MAX_CONCURRENT_STREAMS: self.simulator.max_streams}
        self.conn.local_settings = Settings(client=False, initial_values=first)
        self.conn.initiate_connection()
        self.conn.increment_flow_control_window(WINDOW)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over = True
        self.simulator.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self.is_mute:
            return
        try:
            events = self.conn.receive_data(data)
        except ProtocolError:
            self.transport.close()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self.heads[event.stream_id] = dict(event.headers)
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self._come(event.stream_id)
            elif isinstance(event, StreamReset):
                self.heads.pop(event.stream_id, None)
            elif isinstance(event, RemoteSettingsChanged):
                continue
        self._flush()

    def _come(self, stream: int) -> None:
        head, body = self.heads.pop(stream, {}), self.bodies.pop(stream, b"")
        if self.is_over:
            return
        request = Request(head.pop(":method", ""), head.pop(":path", ""), head, body)
        answer = self.simulator.refusal(request) or self.script.next(self.simulator.name(request)[1])
        if answer.kind == DROP:
            self._end()
        elif answer.kind == GOAWAY:
            self._go_away()
        else:
            self._take(stream, request, answer)

    def _take(self, stream: int, request: Request, answer: Answer) -> None:
        self.last = stream
        self.simulator.keep(request, answer)
        if answer.kind == SILENCE:
            return
        if answer.kind == RUBBISH:
            self._flush()
            self.transport.write(NONSENSE)
            return
        assert answer.kind in (OK, CODE, LIMITED)
        reply, wait = self.simulator.reply(request, answer), self.script.latency_s + answer.extra.get("slow_s", 0.0)
        if answer.extra.get("held"):
            later = partial(self.simulator.loop.call_soon_threadsafe, self._later, stream, reply)
            self.script.keep_back(self.simulator.name(request)[1], later)
        elif wait:
            self.simulator.loop.call_later(wait, self._later, stream, reply)
        else:
            self._answer(stream, reply)

    def _later(self, stream: int, reply: Reply) -> None:
        self._answer(stream, reply)
        self._flush()

    def _answer(self, stream: int, reply: Reply) -> None:
        if self.transport.is_closing():
            return
        try:
            self.conn.send_headers(
                stream, [(":status", str(reply.status)), *reply.headers.items()], end_stream=not reply.body
            )
            if reply.body:
                self.conn.send_data(stream, reply.body, end_stream=True)
        except ProtocolError:
            return  # the client has reset the stream meanwhile

    def _end(self) -> None:
        self.is_over = True
        self._flush()
        self.transport.close()

    def _go_away(self) -> None:
        """Takes nothing after `last`; what is under way is still answered, which h2 alone would refuse to send."""
        self.is_over = True
        self.conn.close_connection(last_stream_id=self.last)
        self.conn.state_machine.state = ConnectionState.SERVER_OPEN
        self._flush()

    def _flush(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.conn.data_to_send())
