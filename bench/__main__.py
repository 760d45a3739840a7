"""`make bench`: about five minutes; prints a table and writes JSON (BENCH_OUT, default var/bench.json)."""

from __future__ import annotations

import os

from bench import client_measures, grpc_measures, measures
from bench.mix import USERS
from bench.run import Run
from bench.servers import Servers
from tests.running import ROOT

STEPS = [
    (f"{USERS:,} users", measures.company),
    ("the bare work", measures.bare),
    ("single posts", measures.singles),
    ("batches", measures.batches),
    ("gRPC, one by one", grpc_measures.sends),
    ("gRPC, streams", grpc_measures.streams),
    ("the client's batches", client_measures.batching),
    ("draining", measures.drained),
    ("sustained", measures.sustained),
    (f"steady {measures.STEADY_RATE}/s to the socket", measures.steady),
    ("inbox and preferences", measures.reads),
]


def main() -> None:
    run = Run("make bench", Servers(None))
    run.go(STEPS, notes)
    run.write(ROOT / "var" / "bench.json")


def notes(run: Run) -> list[str]:
    """What the table's figures rest on."""
    sustained = run.json["sustained"]
    return [
        "providers are the sandbox's, their rates lifted; per-user limits as they are: "
        f"{run.json['dropped_by_limits']:.2%} of deliveries dropped by them",
        f"CPU-µs an event by process: {sustained['cpu_us_per_event']}",
        f"load generator, not counted above: {sustained['generator_cpu_us_per_event']} CPU-µs an event",
        f"single posts and batches were taken with the pipeline stopped; {os.cpu_count()} cores for everything",
    ]


if __name__ == "__main__":
    main()
