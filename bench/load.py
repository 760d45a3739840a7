"""The load generator: a process of its own, whose CPU is reported apart. Reads a plan as JSON, writes figures as JSON.

python -m bench.load < plan.json > figures.json
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
import orjson

from bench.mix import EventMix


async def hammer(plan: dict[str, Any]) -> dict[str, Any]:
    """`total` requests from `connections` connections, each as fast as its answers come."""
    latencies: list[float] = []
    refused: dict[int, int] = {}
    bodies = _bodies(plan)

    async def worker(session: aiohttp.ClientSession) -> None:
        for body in bodies:
            started = time.perf_counter()
            async with session.request(plan.get("method", "POST"), plan["url"], data=body) as response:
                await response.read()
                if response.status >= 400:
                    refused[response.status] = refused.get(response.status, 0) + 1
            latencies.append(time.perf_counter() - started)

    async with _session(plan) as session:
        started = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(plan["connections"])))
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "latencies": latencies, "refused": refused}


async def pace(plan: dict[str, Any]) -> dict[str, Any]:
    """`rate` requests a second for `seconds`, on their own clock: a slow answer never delays the next request."""
    latencies: list[float] = []
    refused: dict[int, int] = {}
    sent: dict[str, float] = {}
    bodies = _bodies(plan)

    async def one(session: aiohttp.ClientSession, body: bytes | None, due: float) -> None:
        async with session.request(plan.get("method", "POST"), plan["url"], data=body) as response:
            answer = await response.read()
            accepted = time.time()
            latencies.append(time.perf_counter() - due)
            if response.status >= 400:
                refused[response.status] = refused.get(response.status, 0) + 1
            elif plan.get("remember"):
                told = orjson.loads(answer)
                sent.update((one["notification_id"], accepted) for one in told.get("results", [told]))

    async with _session(plan) as session, asyncio.TaskGroup() as tasks:
        started = time.perf_counter()
        for number, body in enumerate(bodies):
            due = started + number / plan["rate"]
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(session, body, due))
    return {"seconds": time.perf_counter() - started, "latencies": latencies, "refused": refused, "accepted": sent}


def _session(plan: dict[str, Any]) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=plan["connections"]),
        headers={"Content-Type": "application/json", **plan.get("headers", {})},
    )


def _bodies(plan: dict[str, Any]) -> Any:
    """Bodies made before the clock starts: `total` of them, of `batch` events each (0: one event, not in a list)."""
    total = plan.get("total") or int(plan["rate"] * plan["seconds"])
    if "bodies" in plan:
        given = [orjson.dumps(body) for body in plan["bodies"]]
        return iter([given[number % len(given)] for number in range(total)])
    if plan.get("method", "POST") == "GET":
        return iter([None] * total)
    mix = EventMix(
        users=plan["users"], opted_in=plan["opted_in"], seed=plan["seed"], connected=plan.get("connected", 0)
    )
    if plan["batch"]:
        return iter([orjson.dumps({"notifications": mix.take(plan["batch"])}) for _ in range(total)])
    take = mix.take_critical if plan.get("critical") else mix.take
    return iter([orjson.dumps(event) for event in take(total)])


def main() -> None:
    plan = json.load(sys.stdin)
    figures = asyncio.run({"hammer": hammer, "pace": pace}[plan["mode"]](plan))
    figures["cpu_seconds"] = time.process_time()
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
