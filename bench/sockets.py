"""Connected users: opens sockets and notes when each notification arrives. Ends on a line on standard input.

python -m bench.sockets URL ORIGIN < tokens…   (one token a line, then an empty line; prints "ready", then JSON)
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import orjson
from websockets.asyncio.client import connect
from websockets.typing import Origin


async def listen(url: str, origin: str, token: str, seen: dict[str, float], ready: asyncio.Semaphore) -> None:
    async with connect(url, origin=Origin(origin), compression=None) as socket:
        await socket.send(json.dumps({"type": "auth", "token": token}))
        async for text in socket:
            frame = orjson.loads(text)
            if frame["type"] == "synced":
                ready.release()
            elif frame["type"] == "notification":
                seen.setdefault(frame["notification"]["id"], time.time())


async def main() -> None:
    url, origin = sys.argv[1:3]
    tokens = [line.strip() for line in iter(sys.stdin.readline, "\n")]
    seen: dict[str, float] = {}
    ready = asyncio.Semaphore(0)
    listeners = [asyncio.create_task(listen(url, origin, token, seen, ready)) for token in tokens]
    for _ in tokens:
        await ready.acquire()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for listener in listeners:
        listener.cancel()
    print(json.dumps({"seen": seen, "cpu_seconds": time.process_time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
