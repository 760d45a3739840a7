"""`make bench`: about five minutes; prints a table and writes JSON (BENCH_OUT, default var/bench.json)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import bare, figures
from bench.mix import OPTED_IN, USERS, user_id
from tests.running import ROOT, Platform

LIFTED = {"RATE_APNS": "0", "RATE_FCM": "0", "RATE_SES": "0", "RATE_TWILIO": "0", "BENCH": "1"}
PIPELINE = (
    "bridge",
    "bridge-critical",
    "bridge-bulk",
    "worker-router",
    "worker-delivery",
    "worker-critical",
    "worker-bulk",
)
SINGLES, CONNECTIONS, ROUNDS = 3_000, 32, 3
BATCHES, BATCH = 60, 1_000
SUSTAINED = 60_000
STEADY_RATE, STEADY_S, CONNECTED = 500, 20, 100
PAGES, PREFERENCES = 600, 400
BARE_EVENTS = 10_000
SAMPLE_EVERY = 50
STEPS = 9


class Bench:
    """One run; each measure adds rows to the table and figures to the JSON."""

    def __init__(self) -> None:
        self.platform = Platform(LIFTED)
        self.rows: list[dict[str, Any]] = []
        self.json: dict[str, Any] = {"machine": {"cores": os.cpu_count()}}
        self.token = ""

    def run(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns) as progress:
            task = progress.add_task("", total=STEPS)
            try:
                for name, step in self._steps():
                    progress.update(task, description=name)
                    step()
                    progress.advance(task)
            finally:
                self.platform.stop()
        figures.print_table(self.rows, self._notes())
        out = Path(os.environ.get("BENCH_OUT", ROOT / "var" / "bench.json"))
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({**self.json, "table": self.rows}, indent=2))
        print(f"  written to {out}")

    def _steps(self) -> list[tuple[str, Any]]:
        return [
            ("starting the platform", self.platform.start),
            (f"{USERS:,} users", self._company),
            ("the bare work", self._bare),
            ("single posts", self._singles),
            ("batches", self._batches),
            ("draining", self._drained),
            ("sustained", self._sustained),
            (f"steady {STEADY_RATE}/s to the socket", self._steady),
            ("inbox and preferences", self._reads),
        ]

    # --- given

    def _company(self) -> None:
        self.token = self._child("bench.company")["token"]

    def _child(self, module: str, *arguments: str, plan: dict[str, Any] | None = None) -> dict[str, Any]:
        result = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.platform.environment,
            input=json.dumps(plan) if plan else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise SystemExit(f"{module} failed:\n{result.stderr[-3000:]}")
        return dict(json.loads(result.stdout))

    def _load(self, mode: str, path: str, **plan: Any) -> dict[str, Any]:
        base = self.platform.demo["API"].removesuffix("/api/v1")
        headers = {"Authorization": f"Bearer {self.token}"}
        whole = {
            "mode": mode,
            "url": base + path,
            "headers": headers,
            "connections": CONNECTIONS,
            "seed": time.time_ns(),
        }
        load = self._child("bench.load", plan={**whole, "users": USERS, "opted_in": OPTED_IN, **plan})
        if load["refused"]:
            raise SystemExit(f"{path} refused: {load['refused']}")
        return load

    # --- measures

    def _bare(self) -> None:
        self.bare = self._child("bench.bare", str(BARE_EVENTS))
        self.json["bare"] = self.bare

    def _singles(self) -> None:
        self.platform.stop_programs(*PIPELINE)
        empty: list[dict[str, Any]] = []
        posts: list[dict[str, Any]] = []
        self._load("hammer", "/api/v1/bench/empty", total=200, batch=0)
        self._load("hammer", "/api/v1/notifications", total=200, batch=0)
        for _ in range(ROUNDS):
            empty.append(self._load("hammer", "/api/v1/bench/empty", total=SINGLES, batch=0))
            posts.append(self._load("hammer", "/api/v1/notifications", total=SINGLES, batch=0))
        empty_rate, post_rate = (
            sorted(SINGLES / load["seconds"] for load in loads)[ROUNDS // 2] for loads in (empty, posts)
        )
        latency = figures.percentiles([each for load in posts for each in load["latencies"]])
        empty_latency = figures.percentiles([each for load in empty for each in load["latencies"]])
        self._row(
            f"single posts, {CONNECTIONS} connections",
            f"{post_rate:,.0f}/s, {_ms(latency)}",
            f"empty DRF view {empty_rate:,.0f}/s, {_ms(empty_latency)}",
            post_rate / empty_rate,
            "≥ 60 %",
            post_rate / empty_rate >= 0.6,
        )
        self.json["singles"] = {
            "rate": post_rate,
            "empty": empty_rate,
            "latency_ms": latency,
            "empty_ms": empty_latency,
        }

    def _batches(self) -> None:
        load = self._load("hammer", "/api/v1/notifications/batch", total=BATCHES, batch=BATCH, connections=2)
        rate = BATCHES * BATCH / load["seconds"]
        size = 330 * BATCH
        seconds = bare.durable_append(b"x" * size, BATCHES, self.platform.var / "append.bin")
        append = BATCHES * BATCH / seconds
        latency = figures.percentiles(load["latencies"])
        self._row(
            "batches of 1,000, 2 connections",
            f"{rate:,.0f} events/s, {_ms(latency)} a batch",
            f"bare durable append of the same bytes {append:,.0f}/s",
            rate / append,
            "≥ 20,000/s",
            rate >= 20_000,
        )
        self.json["batches"] = {"rate": rate, "append": append, "latency_ms": latency}

    def _drained(self) -> None:
        """What was accepted meanwhile is worked off before the next measure, and counted as a first, cold run."""
        self.platform.start_programs(*PIPELINE)
        self._await_idle(180)

    def _sustained(self) -> None:
        before = figures.cpu_seconds(self.platform.pids())
        started = time.perf_counter()
        load = self._load("hammer", "/api/v1/notifications/batch", total=SUSTAINED // BATCH, batch=BATCH, connections=1)
        self._await_idle(180)
        seconds = time.perf_counter() - started
        cpu = figures.spent(before, figures.cpu_seconds(self.platform.pids()))
        rate, bare_rate = SUSTAINED / seconds, BARE_EVENTS / self.bare["seconds"]
        per_event = {name: round(used / SUSTAINED * 1e6) for name, used in cpu.items()}
        self._row(
            "sustained, accepted → recorded outcome",
            f"{rate:,.0f} events/s; {sum(per_event.values())} CPU-µs an event",
            f"the bare work, one process: {bare_rate:,.0f}/s, "
            f"{self.bare['cpu_seconds'] / BARE_EVENTS * 1e6:.0f} CPU-µs",
            rate / bare_rate,
            "≥ 2,315/s",
            rate >= 2_315,
        )
        self.json["sustained"] = {
            "rate": rate,
            "events": SUSTAINED,
            "cpu_us_per_event": per_event,
            "generator_cpu_us_per_event": round(load["cpu_seconds"] / SUSTAINED * 1e6),
        }
        self.json["audit"] = audit = self.platform.audit()
        dropped = sum(one["count"] for one in audit["outcomes"] if one["reason"] == "rate_limited")
        self.json["dropped_by_limits"] = dropped / max(1, sum(audit["deliveries"].values()))

    def _steady(self) -> None:
        """Single posts at a steady rate; one in ten goes to a user who is connected."""
        listeners = self._listeners()
        try:
            load = self._load(
                "pace",
                "/api/v1/notifications",
                rate=STEADY_RATE,
                seconds=STEADY_S,
                batch=0,
                connected=CONNECTED,
                remember=True,
                connections=64,
            )
            self._await_idle(60)
        finally:
            assert listeners.stdin
            listeners.stdin.write("\n")
            listeners.stdin.flush()
            said, _ = listeners.communicate(timeout=30)
        seen = json.loads(said.splitlines()[-1])["seen"]
        waits = [arrived - load["accepted"][one] for one, arrived in seen.items() if one in load["accepted"]]
        accept, socket = figures.percentiles(load["latencies"]), figures.percentiles(waits)
        self._row(f"accept at {STEADY_RATE}/s, all running", _ms(accept), "", None, "p99 < 50 ms", accept["p99"] < 50)
        self._row(
            f"accepted → seen on the socket at {STEADY_RATE}/s",
            f"{_ms(socket)} ({len(waits)} seen)",
            "",
            None,
            "p95 < 1,000 ms",
            socket["p95"] < 1_000 and bool(waits),
        )
        stages = self._child("bench.stages", plan={"ids": list(load["accepted"])[::SAMPLE_EVERY]})
        self.json["steady"] = {"accept_ms": accept, "socket_ms": socket, "seen": len(waits), "stages_ms": stages}
        self._row(
            "time per stage, median", ", ".join(f"{name} {ms:.0f} ms" for name, ms in stages.items()), "", None, ""
        )

    def _listeners(self) -> subprocess.Popen[str]:
        url = f"ws://localhost:{self.platform.port + 1}/ws/inbox/"
        origin = f"http://localhost:{self.platform.port}"
        listeners = subprocess.Popen(
            [sys.executable, "-m", "bench.sockets", url, origin],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert listeners.stdin
        assert listeners.stdout
        with self._client() as client:
            for number in range(CONNECTED):
                answer = client.post(f"/users/{user_id(number)}/tokens", json={})
                listeners.stdin.write(answer.raise_for_status().json()["token"] + "\n")
        listeners.stdin.write("\n")
        listeners.stdin.flush()
        listeners.stdout.readline()
        return listeners

    def _client(self) -> Any:
        self.platform.demo["BENCH_TOKEN"] = self.token
        return self.platform.client("BENCH_TOKEN")

    def _reads(self) -> None:
        page = self._load(
            "hammer", f"/api/v1/users/{user_id(1)}/notifications", method="GET", total=PAGES, connections=4
        )
        body = {"preferences": [{"type": "bench", "channel": "push", "enabled": True}]}
        path = f"/api/v1/users/{user_id(2)}/preferences"
        put = self._load("hammer", path, method="PUT", total=PREFERENCES, connections=4, bodies=[body])
        for name, load, target in (("inbox page", page, 100), ("preference update", put, 50)):
            latency = figures.percentiles(load["latencies"])
            self._row(f"{name}, 4 connections", _ms(latency), "", None, f"p99 < {target} ms", latency["p99"] < target)
            self.json[name] = latency

    # --- then

    def _await_idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._lag():
            if time.monotonic() > end:
                raise SystemExit(f"still {self._lag()} records behind after {seconds} s\n{self.platform.logs()}")
            time.sleep(0.5)

    def _lag(self) -> int:
        with self._client() as client:
            text = client.get(self.platform.demo["API"].removesuffix("/api/v1") + "/metrics").raise_for_status().text
        lags = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith("np_log_lag{")]
        return int(sum(float(lag) for lag in lags))

    def _row(
        self, what: str, measured: str, beside: str, ratio: float | None, target: str, reached: bool | None = None
    ) -> None:
        shown = "" if ratio is None else f"{ratio:.0%}"
        row = {"what": what, "measured": measured, "beside": beside, "ratio": shown, "target": target}
        self.rows.append({**row, "reached": reached})

    def _notes(self) -> list[str]:
        sustained = self.json["sustained"]
        return [
            "providers are the sandbox's, their rates lifted; per-user limits as they are: "
            f"{self.json['dropped_by_limits']:.2%} of deliveries dropped by them",
            f"CPU-µs an event by process: {sustained['cpu_us_per_event']}",
            f"load generator, not counted above: {sustained['generator_cpu_us_per_event']} CPU-µs an event",
            f"single posts and batches were taken with the pipeline stopped; {os.cpu_count()} cores for everything",
        ]


def _ms(latency: dict[str, float]) -> str:
    return f"p50 {latency['p50']} p95 {latency['p95']} p99 {latency['p99']} ms"


if __name__ == "__main__":
    Bench().run()
