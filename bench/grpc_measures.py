"""gRPC beside REST and beside a handler that does nothing, in the same run; the pipeline is stopped."""

from __future__ import annotations

import time
from typing import Any

from bench import figures
from bench.measures import BATCH, ROUNDS, SINGLES, shown
from bench.mix import OPTED_IN, USERS
from bench.run import Run

STREAMED = 60_000
CALLS = 128  # at a time, over one connection


def sends(run: Run) -> None:
    """Single calls, in turn with calls of the empty handler."""
    empty: list[dict[str, Any]] = []
    full: list[dict[str, Any]] = []
    for each in (True, False):
        load(run, "send", total=300, empty=each)
    for _ in range(ROUNDS):
        empty.append(load(run, "send", total=SINGLES, empty=True))
        full.append(load(run, "send", total=SINGLES, empty=False))
    empty_rate, rate = (sorted(one["sent"] / one["seconds"] for one in loads)[ROUNDS // 2] for loads in (empty, full))
    latency = figures.percentiles([each for one in full for each in one["latencies"]])
    cpu = {kind: min(one["cpu_us"] for one in loads) for kind, loads in ((True, empty), (False, full))}
    rest = run.json.get("singles", {}).get("rate")
    run.row(
        f"gRPC Send, {CALLS} at a time",
        f"{rate:,.0f}/s, {cpu[False]} CPU-µs a call, {shown(latency)}",
        f"empty gRPC handler {empty_rate:,.0f}/s, {cpu[True]} CPU-µs" + (f"; REST {rest:,.0f}/s" if rest else ""),
        rate / empty_rate,
        "≥ 60 %",
        rate / empty_rate >= 0.6,
    )
    run.json["grpc_send"] = {"rate": rate, "empty": empty_rate, "latency_ms": latency, "cpu_us": cpu[False]}


def streams(run: Run) -> None:
    """Streams of requests of 1,000 events."""
    one = load(run, "stream", total=STREAMED, batch=BATCH, empty=False)
    rate = one["sent"] / one["seconds"]
    rest = run.json.get("batches", {}).get("rate")
    beside = f"REST batches {rest:,.0f}/s" if rest else ""
    measured = f"{rate:,.0f} events/s, {one['cpu_us']} CPU-µs an event"
    run.row("gRPC SendBatch, 2 streams", measured, beside, None, "≥ 20,000/s", rate >= 20_000)
    run.json["grpc_stream"] = {"rate": rate, "cpu_us": one["cpu_us"]}


def load(run: Run, mode: str, **plan: Any) -> dict[str, Any]:
    """A load, done; nothing of it may be refused."""
    given = {
        **{"mode": mode, "address": f"127.0.0.1:{run.platform.port + 2}", "connections": CALLS},
        **{"metadata": {"authorization": f"Bearer {run.token}"}, "seed": time.time_ns()},
        **{"users": USERS, "opted_in": OPTED_IN},
    }
    before = run.cpu()
    found = run.child("bench.grpc_load", plan=given | plan)
    found["cpu_us"] = round(figures.spent(before, run.cpu())["grpc"] / found["sent"] * 1e6)
    if found["refused"]:
        raise SystemExit(f"gRPC refused {found['refused']} events")
    return found
