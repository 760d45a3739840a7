"""`make bench-broadcast` (QUICK=1 for a tenth of everything): prints a table, writes nothing.

Expander and router are processes of their own and run at the same time. What two cores would do is worked out from
their CPU seconds besides, so that a machine with other work tells the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.figures import print_table

CORES = 2
RECIPIENTS, LARGE, SMALL = 100_000, 1_000_000, 10_000
TARGET_SHARED, TARGET_PERSONAL, TARGET_MB, TARGET_READ_MS = 50_000, 15_000, 300, 100
UNLIMITED = {"BROADCAST_OWN_RATE": "100000000", "BROADCAST_APPROVAL_ABOVE": "1000000000"}
NO_PROVIDER_LIMIT = {"RATE_FCM": "0", "RATE_APNS": "0"}


def main() -> None:
    few = 10 if "--quick" in sys.argv else 1
    rows: list[dict[str, Any]] = []
    for kind, target in (("shared", TARGET_SHARED), ("personal", TARGET_PERSONAL)):
        with _platform(RECIPIENTS // few) as environment:
            rows += _measure(environment, kind, target, RECIPIENTS // few)
    rows += [_memory(SMALL, few), _memory(LARGE, few)]
    rows += _reading(few)
    notes = [
        "on two cores: from the CPU seconds of expander, router and Redis; beside: reading the same users and"
        " appending the same bytes, no logic",
        f"{CORES} cores, SQLite, the embedded log and Redis on this machine; profiles come from SQL",
    ]
    print_table("make bench-broadcast", rows, notes)


def _measure(environment: dict[str, str], kind: str, target: int, count: int) -> list[dict[str, Any]]:
    found = _both(environment, kind, count)
    bare = _run(environment, "bare", str(count))
    cpu = found["expand"]["cpu_seconds"] + found["route"]["cpu_seconds"] + found["redis_cpu_seconds"]
    ours, beside = CORES * count / cpu, CORES * count / bare["cpu_seconds"]
    spent = (found["expand"]["cpu_seconds"], found["route"]["cpu_seconds"], found["redis_cpu_seconds"])
    each = " + ".join(f"{1e6 * seconds / count:.1f}" for seconds in spent)
    return [
        {
            "what": f"recipients/s, {kind} content ({each} µs CPU: freeze, expand + route, render, fan out + Redis)",
            "measured": f"{ours:,.0f}/s",
            "beside": f"{beside:,.0f}/s bare",
            "ratio": f"{ours / beside:.2f}",
            "target": f"{target:,}/s",
            "reached": ours >= target,
        },
        {"what": f"the same by the clock, {kind}", "measured": f"{count / found['seconds']:,.0f}/s"},
    ]


def _both(environment: dict[str, str], kind: str, count: int) -> dict[str, Any]:
    """Expander and router at the same time."""
    id = _run(environment, "ours", "broadcast", kind, "in_app")["id"]
    started, before = time.perf_counter(), _redis_cpu(environment)
    parts = {
        "expand": _start(environment, "ours", "expand", id),
        "route": _start(environment, "ours", "route", str(count)),
    }
    told: dict[str, Any] = {name: _told(process) for name, process in parts.items()}
    redis = _redis_cpu(environment) - before
    return told | {"seconds": time.perf_counter() - started, "redis_cpu_seconds": redis}


def _redis_cpu(environment: dict[str, str]) -> float:
    times = psutil.Process(int(environment["BENCH_REDIS"])).cpu_times()
    return float(times.user + times.system)


def _memory(count: int, few: int) -> dict[str, Any]:
    with _platform(count // few) as environment:
        found = _both(environment, "shared", count // few)
    peaks = [found[part]["peak_mb"] for part in ("expand", "route")]
    return {
        "what": f"memory at {count // few:,} recipients: expander, router",
        "measured": f"{peaks[0]:.0f} MB, {peaks[1]:.0f} MB",
        "target": f"{TARGET_MB} MB",
        "reached": max(peaks) < TARGET_MB,
    }


def _reading(few: int) -> list[dict[str, Any]]:
    """An inbox with a pull broadcast beside one without; and the count of a large segment."""
    count = LARGE // few
    with _platform(count) as environment:
        counted = _run(environment, "ours", "segments", "bench_everybody")
        without = _run(environment, "ours", "inbox", str(count))["reads"]
        pulled = environment | {"BROADCAST_PULL_ABOVE": "0"}
        _run(pulled, "ours", "expand", _run(pulled, "ours", "broadcast", "shared", "in_app")["id"])
        first = _run(pulled, "ours", "inbox", str(count))["reads"]
        again = _run(pulled, "ours", "inbox", str(count))["reads"]
    return [
        {"what": f"exact count of a segment of {count:,}", "measured": f"{counted['count_seconds'] * 1e3:.0f} ms"},
        *[
            {
                "what": f"inbox read p99 with a pull broadcast, {when}",
                "measured": f"{reads['p99']} ms",
                "beside": f"{without['p99']} ms without",
                "target": f"{TARGET_READ_MS} ms",
                "reached": reads["p99"] < TARGET_READ_MS,
            }
            for when, reads in (("first look", first), ("later", again))
        ],
    ]


@contextmanager
def _platform(users: int) -> Iterator[dict[str, str]]:
    """A state folder with its Redis and that many users; gone afterwards."""
    from foundation.redis_server import command

    with tempfile.TemporaryDirectory(prefix="np-bench-") as folder:
        environment = {**os.environ, **UNLIMITED, **NO_PROVIDER_LIMIT, "VAR": folder}
        redis = subprocess.Popen(command(Path(folder) / "redis.sock"), stdout=subprocess.DEVNULL)
        try:
            environment["BENCH_REDIS"] = str(redis.pid)
            _run(environment, "ours", "make", str(users))
            yield environment
        finally:
            redis.terminate()
            redis.wait(10)


def _start(environment: dict[str, str], module: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"bench.broadcast.{module}", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


def _told(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args!r} failed; see above")
    told: dict[str, Any] = json.loads(output)
    return told


def _run(environment: dict[str, str], module: str, *arguments: str) -> dict[str, Any]:
    return _told(_start(environment, module, *arguments))


if __name__ == "__main__":
    main()
