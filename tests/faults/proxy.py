"""A TCP proxy between the platform and one server each, told while it runs how the network behaves.

    pass       bytes go through
    latency    300 ms later, each way, in order
    slow       1 KB a second, each way
    cut        connections are closed, new ones refused
    half_open  nothing is closed and nothing arrives; new connections are accepted and never answered
    reset      RST to every connection, and to each new one within a second

After `half_open` the server has forgotten the old connections, as a machine that was switched off and on: whoever says
something on one gets a RST, whoever only listens hears nothing, ever.

It is a process of its own: the load's Python would delay what it carries. Home-made, because toxiproxy, the well-kept
one, is a Go binary that a bare machine would have to build, and has neither the silence after a half-open connection
nor the refusal of new ones; what is needed of it are these lines.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

PASS, LATENCY, SLOW, CUT, HALF_OPEN, RESET = FAULTS = ("pass", "latency", "slow", "cut", "half_open", "reset")
LATENCY_S = 0.3
SLOW_BYTES_A_S, SLOW_PIECE = 1024, 128
RESET_WITHIN_S = 1.0
BACKLOG_BYTES = 64 * 1024
HOST = "127.0.0.1"
_RST = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Side(asyncio.Protocol):
    """One end of a link: reads here, is written to from the other end."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.other: Side | None = None
        self.transport: asyncio.Transport | None = None
        self._backlog: deque[tuple[float, bytes]] = deque()  # what goes out here, and when
        self._held = 0
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.opened(self)

    def data_received(self, data: bytes) -> None:
        self.link.carry(self, data)

    def connection_lost(self, error: Exception | None) -> None:
        self.link.ended(self, error)

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport and self._held < BACKLOG_BYTES:
            self.other.transport.resume_reading()

    def send(self, data: bytes, fault: str) -> None:
        """Writes `data` here: now, or as late as `fault` makes it, never past what waits already."""
        now = asyncio.get_running_loop().time()
        if fault == SLOW:
            for at in range(0, len(data), SLOW_PIECE):
                piece = data[at : at + SLOW_PIECE]
                self._free_at = max(now, self._free_at) + len(piece) / SLOW_BYTES_A_S
                self._later(self._free_at, piece)
        elif fault == LATENCY:
            self._later(now + LATENCY_S, data)
        elif self._backlog:
            self._later(now, data)
        elif self.transport:
            self.transport.write(data)

    def flush(self) -> None:
        """What waits goes out now."""
        self._free_at = 0.0
        while self._backlog:
            self._write_one()

    def end(self, *, reset: bool) -> None:
        """Closes; `reset` sends a RST and forgets what waits."""
        if self._timer:
            self._timer.cancel()
        if self.transport is None or self.transport.is_closing():
            return
        if reset:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            self.transport.abort()
        else:
            self.flush()
            self.transport.close()

    def _later(self, at: float, data: bytes) -> None:
        self._backlog.append((at, data))
        self._held += len(data)
        if self._held >= BACKLOG_BYTES:
            self.pause_writing()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(at, self._due)

    def _due(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._backlog and self._backlog[0][0] <= loop.time():
            self._write_one()
        if self._backlog:
            self._timer = loop.call_at(self._backlog[0][0], self._due)

    def _write_one(self) -> None:
        _, data = self._backlog.popleft()
        self._held -= len(data)
        if self.transport and not self.transport.is_closing():
            self.transport.write(data)
        if self._held < BACKLOG_BYTES // 2:
            self.resume_writing()


class Link:
    """A client's connection and ours to the server. `dead`: bytes were swallowed, nothing may follow them."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.dead = False
        self.client = Side(self)
        self.server = Side(self)
        self.client.other, self.server.other = self.server, self.client
        self._connecting: asyncio.Task[None] | None = None

    def opened(self, side: Side) -> None:
        if side is not self.client:
            return
        self.proxy.links.add(self)
        if self.proxy.fault == HALF_OPEN:
            self.dead = True
            return
        assert side.transport
        side.transport.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())
        if self.proxy.fault == RESET:
            self.doom()

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, HOST, self.proxy.upstream)
        except OSError:
            self.end(reset=True)
        else:
            if self.client.transport and not self.client.transport.is_closing():
                self.client.transport.resume_reading()
            else:
                self.server.end(reset=True)

    def carry(self, side: Side, data: bytes) -> None:
        fault = self.proxy.fault
        if fault == HALF_OPEN:
            self.dead = True
        elif self.dead:
            self.end(reset=True)
        elif side.other:
            side.other.send(data, fault)

    def ended(self, side: Side, error: Exception | None) -> None:
        """One side has closed: so does the other, unless the network swallows that too."""
        if self.proxy.fault == HALF_OPEN:
            self.dead = True
            if side is self.client:
                self.server.end(reset=True)
                self.proxy.links.discard(self)
        elif not (self.dead and side is self.server):
            self.end(reset=error is not None)

    def restored(self) -> None:
        """The network is well again."""
        if self.dead:
            self.server.end(reset=True)
        else:
            self.client.flush()
            self.server.flush()

    def silenced(self) -> None:
        """From now on nothing of it arrives, whether it says something meanwhile or not."""
        self.dead = True

    def doom(self) -> None:
        """A RST within RESET_WITHIN_S."""
        asyncio.get_running_loop().call_later(random.random() * RESET_WITHIN_S, lambda: self.end(reset=True))

    def end(self, *, reset: bool) -> None:
        self.proxy.links.discard(self)
        self.client.end(reset=reset)
        self.server.end(reset=reset)


class Proxy:
    """Listens on `port` for one server at `upstream`."""

    def __init__(self, port: int, upstream: int) -> None:
        self.port, self.upstream = port, upstream
        self.fault = PASS
        self.links: set[Link] = set()
        self._listener: asyncio.Server | None = None

    async def set(self, fault: str) -> None:
        """Makes the network behave as `fault` says, from now on."""
        self.fault = fault
        if fault == CUT:
            self._refuse()
        else:
            await self._listen()
        for link in list(self.links):
            if fault in (CUT, RESET):
                link.end(reset=fault == RESET)
            elif fault == HALF_OPEN:
                link.silenced()
            else:
                link.restored()

    async def _listen(self) -> None:
        if self._listener is None:
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(lambda: Link(self).client, HOST, self.port, backlog=256)

    def _refuse(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None


class Proxies:
    """The process with all proxies, from the outside. `ports`: {name: (listen, upstream)}."""

    def __init__(self, ports: dict[str, tuple[int, int]]) -> None:
        self.names = tuple(ports)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.proxy", json.dumps(ports)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the soak's to answer
        )
        self._answer()

    @property
    def pid(self) -> int:
        return self._process.pid

    def set(self, name: str, fault: str) -> None:
        """Makes the network to `name` behave as `fault` (one of FAULTS) says; returns when it does."""
        assert fault in FAULTS
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(f"{name} {fault}\n")
            self._process.stdin.flush()
            self._answer()

    def close(self) -> None:
        """Ends the process."""
        if self._process.poll() is None:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()

    def _answer(self) -> None:
        assert self._process.stdout
        answer = self._process.stdout.readline().strip()
        assert answer == "done", f"the proxy process said {answer!r}"


async def _serve(ports: dict[str, tuple[int, int]]) -> None:
    proxies = {name: Proxy(*pair) for name, pair in ports.items()}
    for proxy in proxies.values():
        await proxy.set(PASS)
    print("done", flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        name, fault = line.decode().split()
        await proxies[name].set(fault)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
