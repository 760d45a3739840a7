"""The proxy does to connections what it says: a harness that breaks nothing would find nothing."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults import proxy
from tests.faults.proxy import HOST, LATENCY_S, Proxies, free_ports


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # the proxy resets connections
            while data := self.request.recv(4096):
                self.request.sendall(data)


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    server = socketserver.ThreadingTCPServer((HOST, 0), Echo, bind_and_activate=False)
    server.allow_reuse_address = server.daemon_threads = True
    server.server_bind()
    server.server_activate()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def running(echo: int) -> Iterator[tuple[Proxies, int]]:
    [port] = free_ports(1)
    proxies = Proxies({"echo": (port, echo)})
    yield proxies, port
    proxies.close()


@pytest.fixture
def proxies(running: tuple[Proxies, int]) -> Iterator[Proxies]:
    yield running[0]
    running[0].set("echo", proxy.PASS)


@pytest.fixture
def client(proxies: Proxies, running: tuple[Proxies, int]) -> Iterator[socket.socket]:
    with dial(running) as made:
        assert asks(made, b"hello") == b"hello"
        yield made


def dial(running: tuple[Proxies, int]) -> socket.socket:
    return socket.create_connection((HOST, running[1]), timeout=2)


def asks(client: socket.socket, words: bytes) -> bytes:
    client.sendall(words)
    heard = b""
    while len(heard) < len(words):
        part = client.recv(65536)
        if not part:
            break
        heard += part
    return heard


def test_much_goes_through_unchanged(client: socket.socket):
    words = bytes(range(256)) * 4096
    sender = threading.Thread(target=client.sendall, args=(words,))
    sender.start()
    heard = b""
    while len(heard) < len(words):
        heard += client.recv(65536)
    sender.join()
    assert heard == words


def test_latency_comes_each_way_and_ends(client: socket.socket, proxies: Proxies):
    proxies.set("echo", proxy.LATENCY)
    started = time.monotonic()
    assert asks(client, b"one") == b"one"
    assert time.monotonic() - started >= 2 * LATENCY_S
    proxies.set("echo", proxy.PASS)
    started = time.monotonic()
    assert asks(client, b"two") == b"two"
    assert time.monotonic() - started < LATENCY_S


def test_slow_is_a_kilobyte_a_second_and_keeps_the_order(client: socket.socket, proxies: Proxies):
    proxies.set("echo", proxy.SLOW)
    started = time.monotonic()
    assert asks(client, bytes(range(256)) * 2) == bytes(range(256)) * 2
    assert 0.5 <= time.monotonic() - started < 2


def test_what_waited_comes_when_it_is_well_again(client: socket.socket, proxies: Proxies):
    proxies.set("echo", proxy.SLOW)
    client.sendall(b"x" * 20_000)
    proxies.set("echo", proxy.PASS)
    heard = 0
    while heard < 20_000:
        heard += len(client.recv(65536))
    assert asks(client, b"on") == b"on"


def test_cut_closes_and_refuses(client: socket.socket, proxies: Proxies, running: tuple[Proxies, int]):
    proxies.set("echo", proxy.CUT)
    assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(running)
    proxies.set("echo", proxy.PASS)
    with dial(running) as again:
        assert asks(again, b"again") == b"again"


def test_reset_is_a_reset(client: socket.socket, proxies: Proxies, running: tuple[Proxies, int]):
    proxies.set("echo", proxy.RESET)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with dial(running) as doomed, pytest.raises(ConnectionResetError):
        doomed.recv(1)


def test_half_open_says_nothing_to_anybody(client: socket.socket, proxies: Proxies, running: tuple[Proxies, int]):
    proxies.set("echo", proxy.HALF_OPEN)
    client.settimeout(0.3)
    client.sendall(b"anybody?")
    with pytest.raises(TimeoutError):
        client.recv(1)
    with dial(running) as new:
        new.settimeout(0.3)
        new.sendall(b"there?")
        with pytest.raises(TimeoutError):
            new.recv(1)


def test_after_half_open_who_listens_hears_nothing_and_who_speaks_is_reset(
    client: socket.socket, proxies: Proxies, running: tuple[Proxies, int]
):
    proxies.set("echo", proxy.HALF_OPEN)
    proxies.set("echo", proxy.PASS)
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.sendall(b"still there?")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with dial(running) as again:
        assert asks(again, b"again") == b"again"


def test_a_server_that_is_away_ends_the_connection(proxies: Proxies):
    listen, nobody = free_ports(2)
    alone = Proxies({"gone": (listen, nobody)})
    try:
        with pytest.raises(ConnectionResetError), socket.create_connection((HOST, listen), timeout=2) as client:
            client.recv(1)
    finally:
        alone.close()
