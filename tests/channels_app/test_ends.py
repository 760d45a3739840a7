"""How sockets end: slow ones, and all of them when the gateway stops."""

from __future__ import annotations

import asyncio
import socket as sockets

import pytest
from websockets.exceptions import ConnectionClosed

from notifications import announce


async def test_a_stopping_gateway_says_when_to_come_back_each_time_another(start_gateway, connect):
    gateway = await start_gateway()
    devices = [await connect(gateway) for _ in range(4)]

    await gateway.board.stop()

    frames = [await device.next("reconnect") for device in devices]
    assert len({frame["after_ms"] for frame in frames}) > 1
    with pytest.raises(ConnectionClosed) as closed:
        await devices[0].next()
    assert closed.value.rcvd.code == 4012
    assert announce.connected(["usr_ann"]) == set()


async def test_a_client_that_does_not_read_is_dropped_and_the_others_get_on(start_gateway, connect):
    gateway = await start_gateway()
    fast = await connect(gateway, "token-bob")
    slow = await connect_without_reading(gateway)

    async with asyncio.timeout(10):
        while "usr_ann" not in gateway.board.users:
            await asyncio.sleep(0.01)
        while "usr_ann" in gateway.board.users:
            announce.tell("usr_ann", {"type": "error", "code": "x", "detail": "x" * 50_000})
            await asyncio.sleep(0.01)

    announce.tell("usr_bob", {"type": "unread_count", "unread": 1, "unseen": 1})
    assert (await fast.next("unread_count"))["unread"] == 1
    slow.transport.abort()


async def connect_without_reading(gateway) -> asyncio.StreamWriter:
    """A client whose buffers are small and stay full."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", int(gateway.url.split(":")[2].split("/")[0])))
    _, writer = await asyncio.open_connection(sock=raw, limit=1024)
    writer.write(
        b"GET /ws/inbox/?ticket=ticket-ann HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return writer
