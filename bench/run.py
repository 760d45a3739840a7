"""One run of the bench: the platform, its load, what it costs by process, and the rows of the table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import figures
from bench.mix import OPTED_IN, USERS
from bench.servers import Servers
from tests.running import ROOT, Platform

LIFTED = {
    **{"RATE_APNS": "0", "RATE_FCM": "0", "RATE_SES": "0", "RATE_TWILIO": "0", "BENCH": "1"},
    "SMS_PER_PREFIX": "0/3600",  # the bench's users have numbers in a row
}
PIPELINE = (
    "bridge",
    "bridge-critical",
    "bridge-bulk",
    "worker-router",
    "worker-delivery",
    "worker-critical",
    "worker-bulk",
)
CONNECTIONS = 32
SETTLING_S, ENDED_WITHIN_S = 5, 30
# A scrape asks every topic for its ends: twice a second that cost some 40 CPU-µs an event. Prometheus asks every 15 s.
LOOK_S, LOOK_RARELY_S, NEARLY_DONE = 0.5, 2.0, 4_000


class Run:
    """Each measure takes the run, and adds rows to its table and figures to its JSON."""

    def __init__(self, title: str, servers: Servers) -> None:
        self.title = title
        self.servers = servers
        self.platform = Platform(LIFTED)
        self.rows: list[dict[str, Any]] = []
        self.json: dict[str, Any] = {"machine": {"cores": os.cpu_count()}}
        self.token = ""
        self.others: dict[str, int] = {}

    def go(self, steps: Sequence[tuple[str, Callable[[Run], None]]], notes: Callable[[Run], list[str]]) -> None:
        """All steps with a progress bar, then the table; the platform is ended whatever happens."""
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns) as progress:
            task = progress.add_task("", total=len(steps) + 1)
            try:
                progress.update(task, description="starting the platform")
                self.platform.start()
                for name, step in steps:
                    progress.update(task, description=name, advance=1)
                    step(self)
            finally:
                self.platform.stop()
        figures.print_table(self.title, self.rows, notes(self))

    def write(self, file: Path) -> None:
        """The figures as JSON."""
        out = Path(os.environ.get("BENCH_OUT", file))
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({**self.json, "table": self.rows}, indent=2))
        print(f"  written to {out}")

    # --- given

    def child(self, module: str, *arguments: str, plan: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs a module on the platform's state in a process of its own; the JSON that it prints."""
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

    def plan(self, mode: str, path: str, **plan: Any) -> dict[str, Any]:
        """What bench.load is to do."""
        base = self.platform.demo["API"].removesuffix("/api/v1")
        headers = {"Authorization": f"Bearer {self.token}"}
        whole = {
            "mode": mode,
            "url": base + path,
            "headers": headers,
            "connections": CONNECTIONS,
            "seed": time.time_ns(),
        }
        return {**whole, "users": USERS, "opted_in": OPTED_IN, **plan}

    def load(self, mode: str, path: str, **plan: Any) -> dict[str, Any]:
        """A load, done; nothing of it may be refused."""
        load = self.child("bench.load", plan=self.plan(mode, path, **plan))
        if load["refused"]:
            raise SystemExit(f"{path} refused: {load['refused']}")
        return load

    def client(self) -> Any:
        """An HTTP client with the bench's token."""
        self.platform.demo["BENCH_TOKEN"] = self.token
        return self.platform.client("BENCH_TOKEN")

    @contextmanager
    def another(self, name: str, command: Sequence[str]) -> Iterator[None]:
        """One more process of the platform while the block runs; its CPU is counted by its name."""
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=self.platform.environment)
        self.others[name] = process.pid
        try:
            time.sleep(SETTLING_S)
            yield
        finally:
            del self.others[name]
            process.terminate()
            process.wait(ENDED_WITHIN_S)

    # --- then

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of every process of ours and every server."""
        return figures.cpu_seconds({**self.platform.pids(), **self.others, **self.servers.pids()})

    def await_idle(self, seconds: float) -> None:
        """Until no group lags."""
        end = time.monotonic() + seconds
        while behind := self.lag():
            if time.monotonic() > end:
                raise SystemExit(f"still {behind} records behind after {seconds} s\n{self.platform.logs()}")
            time.sleep(LOOK_S if behind < NEARLY_DONE else LOOK_RARELY_S)

    def lag(self) -> int:
        """Records that groups haven't passed, in all."""
        with self.client() as client:
            text = client.get(self.platform.demo["API"].removesuffix("/api/v1") + "/metrics").raise_for_status().text
        lags = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith("np_log_lag{")]
        return int(sum(float(lag) for lag in lags))

    def row(
        self, what: str, measured: str, beside: str, ratio: float | None, target: str, reached: bool | None = None
    ) -> None:
        """A row of the table."""
        shown = "" if ratio is None else f"{ratio:.0%}"
        row = {"what": what, "measured": measured, "beside": beside, "ratio": shown, "target": target}
        self.rows.append({**row, "reached": reached})
