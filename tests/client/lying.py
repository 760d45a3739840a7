"""A server that lies: what it answers is written down before, byte by byte; what it was asked is kept."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

CUT = b""


@dataclass
class Asked:
    """A request as it came."""

    head: str
    body: bytes

    @property
    def key(self) -> str | None:
        lines = [line.partition(": ") for line in self.head.split("\r\n")]
        return next((value for name, _, value in lines if name.lower() == "idempotency-key"), None)


@dataclass
class Liar:
    """Gives `answers` one after the other, the last one again and again; `drip_s` between its bytes."""

    answers: Sequence[bytes]
    drip_s: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head, _, rest = _until(connection, b"\r\n\r\n")
            length = next((int(line[16:]) for line in head.split("\r\n") if line.lower()[:15] == "content-length:"), 0)
            while len(rest) < length:
                rest += connection.recv(65_536)
            answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
            self.asked.append(Asked(head, rest))
            if not self.drip_s:
                connection.sendall(answer)
                return
            for byte in answer:
                connection.sendall(bytes([byte]))
                time.sleep(self.drip_s)


def _until(connection: socket.socket, end: bytes) -> tuple[str, bytes, bytes]:
    raw = b""
    while end not in raw:
        more = connection.recv(65_536)
        if not more:
            raise OSError("gone")
        raw += more
    head, found, rest = raw.partition(end)
    return head.decode("latin-1"), found, rest


def told(status: int, body: Any, **headers: str) -> bytes:
    """A whole answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


@contextmanager
def lying(*answers: bytes, drip_s: float = 0.0) -> Iterator[Liar]:
    """The liar on a port of its own while the block runs."""
    liar = Liar(answers, drip_s)
    with socket.create_server(("127.0.0.1", 0)) as server:
        liar.url = f"http://127.0.0.1:{server.getsockname()[1]}/api/v1"
        threading.Thread(target=_serve, args=(server, liar), daemon=True).start()
        yield liar
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, liar: Liar) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=liar.answer, args=(connection,), daemon=True).start()
