"""Time per stage with real adapters: accepted → handed to the provider, at a steady 500 events a second.

python -m bench.channels.steady [--quick]; the whole platform and the simulators on this machine.
"""

from __future__ import annotations

import sys

import httpx

from bench import figures
from bench.run import LIFTED, Run
from bench.servers import Servers
from tests.running import Platform

RATE, SECONDS, BATCH, QUICK_S = 500, 20, 50, 1
IDLE_WITHIN_S, SAMPLE_EVERY = 120, 5
TARGET_S = {"push": 5, "sms": 10, "email": 30}


def main() -> None:
    """Measures and prints."""
    seconds = QUICK_S if "--quick" in sys.argv else SECONDS
    run = Run("time per stage, real adapters on simulators", Servers(None))
    run.platform = Platform({**LIFTED, "PROVIDERS": "simulators"})
    run.go([("users", _company), (f"{RATE} events/s", lambda run: _measure(run, seconds))], _notes)


def _company(run: Run) -> None:
    lines = (run.platform.var / "simulators" / "platform.env").read_text().splitlines()
    run.platform.environment |= dict(line.split("=", 1) for line in lines)
    run.token = run.child("bench.company")["token"]
    for name in ("ses", "twilio"):
        url = f"{run.platform.environment['SIMULATORS_URL']}/receipts/{name}"
        httpx.post(url, json={"posts_receipts": False}).raise_for_status()


def _measure(run: Run, seconds: int) -> None:
    path = "/api/v1/notifications/batch"
    load = run.load("pace", path, rate=RATE / BATCH, seconds=seconds, batch=BATCH, remember=True, connections=8)
    run.await_idle(IDLE_WITHIN_S)
    told = run.child("bench.handed", plan={"ids": list(load["accepted"])[::SAMPLE_EVERY]})
    run.json["asked"] = told["asked"]
    for channel, target in TARGET_S.items():
        waits = told["by_channel"].get(channel, [])
        shown = figures.percentiles(waits)
        words = f"p50 {shown['p50'] / 1e3:.2f} p95 {shown['p95'] / 1e3:.2f} p99 {shown['p99'] / 1e3:.2f} s"
        reached = bool(waits) and shown["p95"] < target * 1e3
        run.row(f"accepted → {channel}", f"{words} ({len(waits)})", "", None, f"p95 < {target} s", reached)


def _notes(run: Run) -> list[str]:
    return [
        f"{RATE} events/s in calls of {BATCH}, every {SAMPLE_EVERY}th of them looked at; no receipts posted; "
        "rates of the accounts as in the contract"
    ]


if __name__ == "__main__":
    main()
