"""`make bench-channels`: prints the table and writes JSON (BENCH_OUT, default var/bench-channels.json).

The simulators are a process of their own on another core; each measure is one too, ours and bare in turn.
python -m bench.channels [--quick] [apns fcm …]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench import figures
from bench.channels.made import LANES, Lane
from foundation import redis_server
from tests.running import ROOT, until

# Events of a measure: some seconds each.
EVENTS = {"apns": 10_000, "fcm": 2_500, "twilio": 3_000, "ses": 1_000, "smtp": 2_000}
BATCH, QUICK_BATCH, QUICK_EVENTS = 500, 50, 100
ROUNDS = 3
SHARE = 0.8
READY_S = 60


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.channels")
    parser.add_argument("providers", nargs="*", help=f"of {', '.join(LANES)}; all without one")
    parser.add_argument("--quick", action="store_true", help="few events: that it runs, not how fast")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="np-bc-") as folder, world(Path(folder)) as environment:
        rows = [row(LANES[name], environment, quick=given.quick) for name in given.providers or LANES]
    notes = ["simulators on one core, the worker on another" if _cores() > 1 else "one core for both"]
    notes.append(f"median of {1 if given.quick else ROUNDS} rounds, ours and bare in turn; CPU-µs are this side's")
    figures.print_table("make bench-channels", rows, notes)
    out = Path(os.environ.get("BENCH_OUT", ROOT / "var" / "bench-channels.json"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"machine": {"cores": os.cpu_count()}, "table": rows}, indent=2))


@contextmanager
def world(var: Path) -> Iterator[dict[str, str]]:
    """Redis and the simulators; the environment of a worker that sends to them, no rate in its way."""
    base = {**os.environ, "VAR": str(var), "PYTHONPATH": str(ROOT)}
    folder = var / "simulators"
    commands = [
        redis_server.command(var / "redis.sock"),
        [sys.executable, "-W", "ignore", "-m", "tests.simulators", "--folder", str(folder)],
    ]
    running = [subprocess.Popen(_on(1, command), env=base, stdout=subprocess.DEVNULL) for command in commands]
    try:
        until(lambda: (folder / "accounts.toml").exists() and (var / "redis.sock").exists(), READY_S, "the simulators")
        lines = (folder / "platform.env").read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines)
        _set_up(settings, folder / "accounts.toml")
        yield {**base, **settings, "SSL_CERT_FILE": settings["SNS_CA_FILE"]}
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)


def _set_up(settings: dict[str, str], accounts: Path) -> None:
    """No receipts, which nobody would take, and no rates."""
    until(lambda: _is_there(settings["SIMULATORS_URL"]), READY_S, "the simulators answer")
    for name in ("ses", "twilio"):
        url = f"{settings['SIMULATORS_URL']}/receipts/{name}"
        httpx.post(url, json={"posts_receipts": False}).raise_for_status()
    lines = ["rate = 0" if line.startswith("rate = ") else line for line in accounts.read_text().splitlines()]
    accounts.write_text("\n".join(lines))


def _is_there(url: str) -> bool:
    try:
        return httpx.get(f"{url}/state").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def row(lane: Lane, environment: dict[str, str], *, quick: bool) -> dict[str, Any]:
    """The lane's row of the table."""
    if lane.channel == "email":
        _first(lane.provider, Path(environment["PROVIDERS"]))
    events = QUICK_EVENTS if quick else EVENTS[lane.provider]
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    for _ in range(1 if quick else ROUNDS):
        for how, measured in found.items():
            measured.append(_measure(lane, how, events, QUICK_BATCH if quick else BATCH, environment))
    (rate, cpu), (bare_rate, bare_cpu) = (_middle(found[how]) for how in ("ours", "bare"))
    ratio = rate / bare_rate
    target = f"≥ {SHARE:.0%}" + (f", ≥ {lane.target:,}/s" if lane.target else "")
    return {
        "what": f"{lane.provider}: batch → recorded outcome",
        "measured": f"{rate:,.0f} events/s, {cpu:,.0f} CPU-µs an event",
        "beside": f"bare library: {bare_rate:,.0f}/s, {bare_cpu:,.0f} CPU-µs",
        "ratio": f"{ratio:.0%}",
        "target": target,
        "reached": None if quick else ratio >= SHARE and rate >= lane.target,
    }


def _measure(lane: Lane, how: str, events: int, size: int, environment: dict[str, str]) -> tuple[float, float]:
    """Events/s, CPU-µs an event."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.channels.one", lane.provider, how, str(events), str(size)]
    done = subprocess.run(_on(0, command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{lane.provider}, {how}: {done.stderr[-3000:]}")
    told = json.loads(done.stdout)
    return events / told["seconds"], told["cpu_seconds"] / events * 1e6


def _middle(measured: list[tuple[float, float]]) -> tuple[float, float]:
    return median(rate for rate, _ in measured), median(cpu for _, cpu in measured)


def _first(provider: str, accounts: Path) -> None:
    """Makes `provider` the account that mails go to."""
    lines = accounts.read_text().splitlines()
    places = [place for place, line in enumerate(lines) if line.startswith("order = ")]
    names = [line.split('"')[1] for line in lines if line.startswith("name = ")]
    for place, name in zip(places, names, strict=True):
        lines[place] = f"order = {-1 if name == provider else 0}"
    accounts.write_text("\n".join(lines))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _on(core: int, command: list[str]) -> list[str]:
    """The command on one core, where there are two and a way to say so."""
    if _cores() < 2:
        return command
    chosen = sorted(os.sched_getaffinity(0))[core]
    return ["taskset", "-c", str(chosen), *command]


if __name__ == "__main__":
    main()
