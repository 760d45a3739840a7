"""The load generator for gRPC: a process of its own, whose CPU is reported apart. JSON in, JSON out.

python -m bench.grpc_load < plan.json > figures.json

Messages are serialized before the clock starts; answers stay bytes but for counting what was refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import grpc.aio

from bench.grpc_empty import EMPTY
from bench.mix import EventMix
from notifications.grpc.proto.notifications.v1 import notification_service_pb2 as pb

SERVICE = "/notifications.v1.NotificationService/"
STREAMS = 2


async def send(plan: dict[str, Any]) -> dict[str, Any]:
    """`total` calls from `connections` callers, each as fast as its answers come."""
    latencies: list[float] = []
    requests = iter([event.SerializeToString() for event in _events(plan, plan["total"])])
    method = EMPTY if plan["empty"] else f"{SERVICE}Send"

    async def caller(call: Any) -> None:
        for request in requests:
            started = time.perf_counter()
            await call(request, metadata=plan["metadata"])
            latencies.append(time.perf_counter() - started)

    async with grpc.aio.insecure_channel(plan["address"]) as channel:
        call = channel.unary_unary(method)
        await call(b"" if plan["empty"] else next(requests), metadata=plan["metadata"])  # it is connected
        started = time.perf_counter()
        await asyncio.gather(*(caller(call) for _ in range(plan["connections"])))
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "latencies": latencies, "sent": len(latencies), "refused": 0}


async def stream(plan: dict[str, Any]) -> dict[str, Any]:
    """`total` events over STREAMS streams, `batch` in each request, written as fast as they are taken."""
    events = _events(plan, plan["total"])
    size = plan["batch"]
    parts = [events[start : start + size] for start in range(0, len(events), size)]
    requests = [pb.SendBatchRequest(notifications=part).SerializeToString() for part in parts]
    answers: list[pb.SendBatchResponse] = []

    async def one(call: Any, mine: list[bytes]) -> None:
        async for answer in call(iter(mine), metadata=plan["metadata"]):
            answers.append(pb.SendBatchResponse.FromString(answer))

    async with grpc.aio.insecure_channel(plan["address"]) as channel:
        call = channel.stream_stream(f"{SERVICE}SendBatch")
        started = time.perf_counter()
        await asyncio.gather(*(one(call, requests[number::STREAMS]) for number in range(STREAMS)))
        seconds = time.perf_counter() - started
    accepted, refused = sum(each.accepted for each in answers), sum(each.refused for each in answers)
    return {"seconds": seconds, "latencies": [], "sent": accepted, "refused": refused}


def _events(plan: dict[str, Any], count: int) -> list[pb.SendRequest]:
    mix = EventMix(users=plan["users"], opted_in=plan["opted_in"], seed=plan["seed"])
    return [_message(event) for event in mix.take(count)]


def _message(event: dict[str, Any]) -> pb.SendRequest:
    message = pb.SendRequest(type=event["type"], target=pb.Target(user_id=event["target"]["user_id"]))
    message.data.update(event["data"])
    names = [f"CHANNEL_{name.upper()}" for name in event["channels"]]
    message.channels.extend(pb.Channel.Value(name) for name in names)  # type: ignore[misc]
    return message


def main() -> None:
    plan = json.load(sys.stdin)
    plan["metadata"] = tuple((name, value) for name, value in plan["metadata"].items())
    figures = asyncio.run({"send": send, "stream": stream}[plan["mode"]](plan))
    figures["cpu_seconds"] = time.process_time()
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
