"""The gateway as a process of its own, under both servers: it serves, and SIGTERM ends it politely and soon."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator

import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from notifications import announce
from tests.state_folder import VAR

APPLICATION = "tests.channels_app.served:application"
SERVERS = {
    "uvicorn": ["uvicorn", APPLICATION, "--ws", "wsproto", "--ws-per-message-deflate", "false", "--port"],
    "daphne": ["daphne", APPLICATION, "-v", "0", "-p"],
}


@pytest.fixture(params=SERVERS)
async def served(request, redis) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *SERVERS[request.param], port, env={**os.environ, "VAR": str(VAR), "LOG_LEVEL": "ERROR"}
    )
    yield process, f"ws://127.0.0.1:{port}/ws/inbox/?ticket=usr_ann"
    if process.returncode is None:
        process.kill()
    await process.wait()


async def opened(url: str) -> websockets.ClientConnection:
    async with asyncio.timeout(20):
        while True:
            try:
                return await websockets.connect(url, proxy=None)
            except OSError:
                await asyncio.sleep(0.05)


async def until(client: websockets.ClientConnection, kind: str) -> str:
    async with asyncio.timeout(5):
        while f'"type":"{kind}"' not in (text := await client.recv()):
            pass
    return text


async def test_a_frame_arrives_and_sigterm_says_goodbye(served):
    process, url = served
    client = await opened(url)
    await until(client, "synced")

    assert announce.tell("usr_ann", {"type": "unread_count", "unread": 3, "unseen": 2})
    assert '"unseen":2' in await until(client, "unread_count")

    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert "after_ms" in await until(client, "reconnect")
    with pytest.raises(ConnectionClosed):
        await client.recv()
    await asyncio.wait_for(process.wait(), 8)
    assert time.monotonic() - started < 5
    assert announce.connected(["usr_ann"]) == set()
