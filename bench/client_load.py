"""One process that sends through the Python client, as a service would: event by event; the client fills batches.

python -m bench.client_load < plan.json > figures.json

Beside it the same events as finished calls of 1,000 through the same HTTP library, with as many connections.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
from notification_platform import Client
from notification_platform.batch import CALLS_AT_ONCE
from notification_platform.calls.batches import MAX_EVENTS

from bench.mix import EventMix


def batched(api: str, token: str, events: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds and CPU seconds until each event has its answer, and how many were accepted."""
    with Client(api, token, timeout_s=60) as client:
        started, cpu = time.perf_counter(), time.process_time()
        with client.batch() as batch:
            futures = [
                batch.send(
                    event["type"],
                    user=event["target"]["user_id"],
                    data=event["data"],
                    channels=event.get("channels"),
                )
                for event in events
            ]
        took = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    return took | {"accepted": sum(future.exception() is None for future in futures)}


def finished(api: str, token: str, events: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds for the same events as calls that were made before the clock starts."""
    bodies = [
        orjson.dumps({"notifications": events[start : start + MAX_EVENTS]})
        for start in range(0, len(events), MAX_EVENTS)
    ]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with httpx.Client(timeout=60, headers=headers) as http, ThreadPoolExecutor(CALLS_AT_ONCE) as threads:
        started = time.perf_counter()
        answers = list(threads.map(lambda body: http.post(f"{api}/notifications/batch", content=body), bodies))
        seconds = time.perf_counter() - started
    for answer in answers:
        answer.raise_for_status()
    return {"seconds": seconds}


def main() -> None:
    plan = json.load(sys.stdin)
    mix = EventMix(users=plan["users"], opted_in=plan["opted_in"], seed=plan["seed"])
    batched(plan["api"], plan["token"], mix.take(MAX_EVENTS))
    given = plan["api"], plan["token"]
    figures = {
        "finished": finished(*given, mix.take(plan["events"])),
        "batched": batched(*given, mix.take(plan["events"])),
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
