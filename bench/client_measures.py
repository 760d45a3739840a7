"""The Python client's own batching, from one process."""

from __future__ import annotations

from bench.mix import OPTED_IN, USERS
from bench.run import Run

EVENTS = 40_000
AT_LEAST = 10_000


def batching(run: Run) -> None:
    """Events one by one into the client, with the pipeline stopped; beside finished calls through bare httpx."""
    plan = {
        "api": run.platform.demo["API"],
        "token": run.token,
        "events": EVENTS,
        "users": USERS,
        "opted_in": OPTED_IN,
        "seed": 7,
    }
    told = run.child("bench.client_load", plan=plan)
    rate, bare = (EVENTS / told[name]["seconds"] for name in ("batched", "finished"))
    cpu_us = told["batched"]["cpu_seconds"] / EVENTS * 1e6
    run.row(
        "the Python client's own batching, one process",
        f"{rate:,.0f} events/s, {cpu_us:.0f} CPU-µs an event",
        f"finished calls of 1,000 by bare httpx {bare:,.0f}/s",
        rate / bare,
        f"≥ {AT_LEAST:,}/s",
        rate >= AT_LEAST and told["batched"]["accepted"] == EVENTS,
    )
    run.json["client_batching"] = told
