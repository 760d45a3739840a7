"""`make bench-stack`'s own measures: rows and bytes, a day's peak, and what more workers and bridges cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bench import figures
from bench.measures import BATCH, carried, shown
from bench.run import Run
from demo.processes import MANAGE
from notifications.topology import ROLES, TOPICS
from tests.running import ROOT

PEAK_RATE, PEAK_S = 11_575, 60
CRITICAL_RATE, BASELINE_S = 5, 20
DRAINED_WITHIN_S = 1_500
SCALED_EVENTS = 20_000
DEARER = 1.15
ROUTING = ("router",)
DELIVERING = ("in_app", "push", "email", "sms", "tracker", "retry")


def rows_and_bytes(run: Run) -> None:
    """What an event leaves in the store and on the log: counted, after the sustained run."""
    events = run.json["audit"]["accepted"]
    rows = run.child("bench.rows")
    topics = run.servers.topic_bytes(run.platform.environment["KAFKA_PREFIX"])
    store = run.servers.store_bytes(run.platform.environment["CASSANDRA_KEYSPACE"])
    run.json["per_event"] = {
        "events": events,
        "rows": {table: round(count / events, 2) for table, count in rows.items()},
        "log_bytes": {topic: round(size / events) for topic, size in sorted(topics.items()) if topic in TOPICS},
        "store_bytes": round(store / events),
    }
    per_event = run.json["per_event"]
    run.row(
        "an event costs",
        f"{sum(per_event['rows'].values()):.2f} rows, {per_event['store_bytes']} bytes in Cassandra, "
        f"{sum(per_event['log_bytes'].values())} bytes on the log",
        "",
        None,
        "",
    )


def peak(run: Run) -> None:
    """11,575 a second accepted by batches for a minute, critical ones meanwhile, then drained."""
    before = _critical_alone(run)
    path, total = "/api/v1/notifications/batch", PEAK_RATE * PEAK_S
    with _critical(run, PEAK_S) as critical:
        load = run.load("pace", path, rate=PEAK_RATE / BATCH, seconds=PEAK_S, batch=BATCH, connections=8)
    meanwhile = _handed(run, critical)
    started = time.perf_counter()
    run.await_idle(DRAINED_WITHIN_S)
    drained = time.perf_counter() - started
    rate, latency = total / load["seconds"], figures.percentiles(load["latencies"])
    run.row(
        f"peak: {PEAK_RATE:,}/s by batches for {PEAK_S} s",
        f"{rate:,.0f}/s accepted, nothing refused, {shown(latency)} a batch; drained in {drained:.0f} s",
        "",
        None,
        "≥ 11,575/s",
        rate >= PEAK_RATE * 0.98,
    )
    run.row(
        "critical, accepted → handed to the provider, meanwhile",
        shown(meanwhile),
        f"at rest {shown(before)}",
        None,
        "p99 unmoved",
        meanwhile["p99"] <= before["p99"] * 2,
    )
    run.json["peak"] = {
        "rate": rate,
        "latency_ms": latency,
        "drained_s": drained,
        "critical_at_rest_ms": before,
        "critical_ms": meanwhile,
    }


def scaling(run: Run) -> None:
    """The same load with more workers and bridges: what an event costs then."""
    costs: dict[str, int] = {}
    for name, workers, bridges in (("1 worker", 1, 1), ("2 workers", 2, 1), ("4 workers", 4, 1), ("2 bridges", 1, 2)):
        with _more(run, workers - 1, bridges - 1):
            rate, cpu, _ = carried(run, SCALED_EVENTS)
        costs[name] = sum(used for process, used in cpu.items() if process not in run.servers.pids())
        run.json.setdefault("scaling", {})[name] = {"rate": rate, "cpu_us_per_event": costs[name]}
    dearest = max(costs.values()) / costs["1 worker"]
    run.row(
        "cost per event with more of them",
        ", ".join(f"{name} {cost} CPU-µs" for name, cost in costs.items()),
        "",
        dearest,
        "≤ 115 %",
        dearest <= DEARER,
    )


def _critical_alone(run: Run) -> dict[str, float]:
    with _critical(run, BASELINE_S) as critical:
        pass
    return _handed(run, critical)


@contextmanager
def _critical(run: Run, seconds: float) -> Iterator[dict[str, Any]]:
    """Critical events at a steady rate while the block runs; what the generator said is in the dict afterwards."""
    plan = run.plan(
        "pace",
        "/api/v1/notifications",
        rate=CRITICAL_RATE,
        seconds=seconds,
        batch=0,
        critical=True,
        remember=True,
        connections=8,
    )
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert load.stdin
    load.stdin.write(json.dumps(plan))
    load.stdin.close()
    load.stdin = None
    said: dict[str, Any] = {}
    yield said
    output, _ = load.communicate(timeout=seconds + 120)
    said |= json.loads(output)
    if said["refused"]:
        raise SystemExit(f"critical ones were refused: {said['refused']}")


def _handed(run: Run, critical: dict[str, Any]) -> dict[str, float]:
    """Percentiles of accepted → handed; waits until each has been."""
    end = time.monotonic() + DRAINED_WITHIN_S
    while True:
        found = run.child("bench.handed", plan={"ids": list(critical["accepted"])})
        if len(found["seconds"]) >= found["asked"]:
            return figures.percentiles(found["seconds"])
        if time.monotonic() > end:
            raise SystemExit(f"{found['asked'] - len(found['seconds'])} critical ones were never handed over")
        time.sleep(2)


@contextmanager
def _more(run: Run, workers: int, bridges: int) -> Iterator[None]:
    """More workers (a pair each: routing, delivering) and bridges while the block runs; their CPU counts too."""
    with ExitStack() as stack:
        for number in range(workers):
            for queues in (ROUTING, DELIVERING):
                name = f"more-{queues[0]}-{number}"
                stack.enter_context(run.another(name, _worker(name, queues)))
        for number in range(bridges):
            name = f"more-bridge-{number}"
            roles = [part for role in (*ROUTING, *DELIVERING) for part in ("--role", role)]
            stack.enter_context(run.another(name, [MANAGE, "bridge", "--member", name, *roles]))
        yield


def _worker(name: str, queues: tuple[str, ...]) -> list[str]:
    return ["-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h", "-Q", ",".join(queues), "-l", "ERROR"]


def by_role(run: Run) -> None:
    """Each role alone in a bridge and a worker of its own: what each costs an event."""
    shared = ("bridge", "worker-router", "worker-delivery")
    run.platform.stop_programs(*shared)
    with ExitStack() as stack:
        for role in (*ROUTING, *DELIVERING):
            command = [MANAGE, "bridge", "--member", f"alone-{role}", "--role", role]
            stack.enter_context(run.another(f"{role} bridge", command))
            stack.enter_context(run.another(f"{role} worker", _worker(f"alone-{role}", ROLES[role].queues)))
        _, cpu, _ = carried(run, SCALED_EVENTS)
    run.platform.start_programs(*shared)
    alone = {role: cpu[f"{role} bridge"] + cpu[f"{role} worker"] for role in (*ROUTING, *DELIVERING)}
    run.json["roles"] = {"web": cpu["web"], "gateway": cpu["gateway"], **alone}
    kinds: dict[str, int] = {}
    for name in run.servers.pids():
        kinds[name.partition("-")[0]] = kinds.get(name.partition("-")[0], 0) + cpu[name]
    run.json["servers"] = kinds
