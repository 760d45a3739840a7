"""The measures that both engines share; each takes the run and adds to its table and its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from bench import figures
from bench.bare import durable_append
from bench.mix import user_id
from bench.run import CONNECTIONS, PIPELINE, Run
from tests.running import ROOT

SINGLES, ROUNDS = 3_000, 3
BATCHES, BATCH = 60, 1_000
SUSTAINED = 60_000
STEADY_RATE, STEADY_S, CONNECTED = 500, 20, 100
PAGES, PREFERENCES = 600, 400
BARE_EVENTS = 10_000
BARE = {False: "bench.bare", True: "bench.bare_servers"}
SAMPLE_EVERY = 50


def company(run: Run) -> None:
    """Users, a type and a token."""
    run.token = run.child("bench.company")["token"]


def bare(run: Run) -> None:
    """What the machine can do: the same events' work with the same libraries and no logic."""
    run.json["bare"] = run.child(BARE[run.servers.there], str(BARE_EVENTS))


def singles(run: Run) -> None:
    """Single posts beside an empty view, with the pipeline stopped."""
    run.platform.stop_programs(*PIPELINE)
    empty: list[dict[str, Any]] = []
    posts: list[dict[str, Any]] = []
    run.load("hammer", "/api/v1/bench/empty", total=200, batch=0)
    run.load("hammer", "/api/v1/notifications", total=200, batch=0)
    for _ in range(ROUNDS):
        empty.append(run.load("hammer", "/api/v1/bench/empty", total=SINGLES, batch=0))
        posts.append(run.load("hammer", "/api/v1/notifications", total=SINGLES, batch=0))
    empty_rate, post_rate = (
        sorted(SINGLES / load["seconds"] for load in loads)[ROUNDS // 2] for loads in (empty, posts)
    )
    latency = figures.percentiles([each for load in posts for each in load["latencies"]])
    empty_latency = figures.percentiles([each for load in empty for each in load["latencies"]])
    run.row(
        f"single posts, {CONNECTIONS} connections",
        f"{post_rate:,.0f}/s, {shown(latency)}",
        f"empty DRF view {empty_rate:,.0f}/s, {shown(empty_latency)}",
        post_rate / empty_rate,
        "≥ 60 %",
        post_rate / empty_rate >= 0.6,
    )
    run.json["singles"] = {
        "rate": post_rate,
        "empty": empty_rate,
        "latency_ms": latency,
        "empty_ms": empty_latency,
    }


def batches(run: Run) -> None:
    """Calls of 1,000 events, with the pipeline stopped."""
    load = run.load("hammer", "/api/v1/notifications/batch", total=BATCHES, batch=BATCH, connections=2)
    rate = BATCHES * BATCH / load["seconds"]
    size = 330 * BATCH
    seconds = durable_append(b"x" * size, BATCHES, run.platform.var / "append.bin")
    append = BATCHES * BATCH / seconds
    latency = figures.percentiles(load["latencies"])
    run.row(
        "batches of 1,000, 2 connections",
        f"{rate:,.0f} events/s, {shown(latency)} a batch",
        f"bare durable append of the same bytes {append:,.0f}/s",
        rate / append,
        "≥ 20,000/s",
        rate >= 20_000,
    )
    run.json["batches"] = {"rate": rate, "append": append, "latency_ms": latency}


def drained(run: Run) -> None:
    """What was accepted meanwhile is worked off before the next measure, and counted as a first, cold run."""
    run.platform.start_programs(*PIPELINE)
    run.await_idle(180)


def sustained(run: Run) -> None:
    """From the first accepted to the last recorded outcome, everything running."""
    rate, cpu, generator = carried(run, SUSTAINED)
    bare_work = run.json["bare"]
    bare_rate, bare_cpu = bare_work["events"] / bare_work["seconds"], bare_work["cpu_seconds"] / bare_work["events"]
    ours = sum(used for name, used in cpu.items() if name not in run.servers.pids())
    run.row(
        "sustained, accepted → recorded outcome",
        f"{rate:,.0f} events/s; {ours} CPU-µs an event in our processes",
        f"the bare work, one process: {bare_rate:,.0f}/s, {bare_cpu * 1e6:.0f} CPU-µs",
        rate / bare_rate,
        "≥ 70 %, ≤ 400 CPU-µs; 2,315/s" if run.servers.there else "≥ 2,315/s",
        (rate / bare_rate >= 0.7 and ours <= 400) if run.servers.there else rate >= 2_315,
    )
    run.json["sustained"] = {
        "rate": rate,
        "events": SUSTAINED,
        "cpu_us_per_event": cpu,
        "generator_cpu_us_per_event": generator,
    }
    run.json["audit"] = audit = run.platform.audit()
    dropped = sum(one["count"] for one in audit["outcomes"] if one["reason"] == "rate_limited")
    run.json["dropped_by_limits"] = dropped / max(1, sum(audit["deliveries"].values()))


def carried(run: Run, events: int) -> tuple[float, dict[str, int], int]:
    """Events a second from accepted to recorded outcome; CPU-µs an event by process; the load generator's."""
    before = run.cpu()
    started = time.perf_counter()
    load = run.load("hammer", "/api/v1/notifications/batch", total=events // BATCH, batch=BATCH, connections=1)
    run.await_idle(300)
    seconds = time.perf_counter() - started
    cpu = {name: round(used / events * 1e6) for name, used in figures.spent(before, run.cpu()).items()}
    return events / seconds, cpu, round(load["cpu_seconds"] / events * 1e6)


def steady(run: Run) -> None:
    """Single posts at a steady rate; one in ten goes to a user who is connected."""
    ears = listeners(run)
    try:
        load = run.load(
            "pace",
            "/api/v1/notifications",
            rate=STEADY_RATE,
            seconds=STEADY_S,
            batch=0,
            connected=CONNECTED,
            remember=True,
            connections=64,
        )
        run.await_idle(60)
    finally:
        assert ears.stdin
        ears.stdin.write("\n")
        ears.stdin.flush()
        said, _ = ears.communicate(timeout=30)
    seen = json.loads(said.splitlines()[-1])["seen"]
    waits = [arrived - load["accepted"][one] for one, arrived in seen.items() if one in load["accepted"]]
    accept, socket = figures.percentiles(load["latencies"]), figures.percentiles(waits)
    run.row(f"accept at {STEADY_RATE}/s, all running", shown(accept), "", None, "p99 < 50 ms", accept["p99"] < 50)
    run.row(
        f"accepted → seen on the socket at {STEADY_RATE}/s",
        f"{shown(socket)} ({len(waits)} seen)",
        "",
        None,
        "p95 < 1,000 ms",
        socket["p95"] < 1_000 and bool(waits),
    )
    stages = run.child("bench.stages", plan={"ids": list(load["accepted"])[::SAMPLE_EVERY]})
    run.json["steady"] = {"accept_ms": accept, "socket_ms": socket, "seen": len(waits), "stages_ms": stages}
    run.row("time per stage, median", ", ".join(f"{name} {ms:.0f} ms" for name, ms in stages.items()), "", None, "")


def listeners(run: Run) -> subprocess.Popen[str]:
    """A process with CONNECTED sockets open; a line on its stdin ends it, and it says what it saw."""
    url = f"ws://localhost:{run.platform.port + 1}/ws/inbox/"
    origin = f"http://localhost:{run.platform.port}"
    ears = subprocess.Popen(
        [sys.executable, "-m", "bench.sockets", url, origin],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ears.stdin
    assert ears.stdout
    with run.client() as client:
        for number in range(CONNECTED):
            answer = client.post(f"/users/{user_id(number)}/tokens", json={})
            ears.stdin.write(answer.raise_for_status().json()["token"] + "\n")
    ears.stdin.write("\n")
    ears.stdin.flush()
    ears.stdout.readline()
    return ears


def reads(run: Run) -> None:
    """A user's inbox page, and a change of preferences."""
    page = run.load("hammer", f"/api/v1/users/{user_id(1)}/notifications", method="GET", total=PAGES, connections=4)
    body = {"preferences": [{"type": "bench", "channel": "push", "enabled": True}]}
    path = f"/api/v1/users/{user_id(2)}/preferences"
    put = run.load("hammer", path, method="PUT", total=PREFERENCES, connections=4, bodies=[body])
    for name, load, target in (("inbox page", page, 100), ("preference update", put, 50)):
        latency = figures.percentiles(load["latencies"])
        run.row(f"{name}, 4 connections", shown(latency), "", None, f"p99 < {target} ms", latency["p99"] < target)
        run.json[name] = latency


def shown(latency: dict[str, float]) -> str:
    """Percentiles in words."""
    return f"p50 {latency['p50']} p95 {latency['p95']} p99 {latency['p99']} ms"
