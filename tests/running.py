"""A running platform for tests: the demo itself, in a state folder and on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis
from supervisor.xmlrpc import SupervisorTransport

from tests import engines

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 150
OWN = ("VAR", "PORT", "GATEWAY_PORT", "GRPC_PORT")


def free_port() -> int:
    """A port nobody listens on, with the next two free too."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
            except OSError:
                continue
            return port


def until(done: Callable[[], Any], seconds: float, what: str, *, every_s: float = 0.1) -> Any:
    """Waits for `done()` to be true and gives its value; fails naming `what`. Who starts a process to see it asks less
    often: it would take the core that it waits for."""
    end = time.monotonic() + seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every_s)


class Platform:
    """The demo, started as a person starts it; ended by the test."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="np-run-"))
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in OWN},
            "VAR": str(self.var),
            "PORT": str(self.port),
            **(environment or {}),
        }
        if engines.STACK:
            self.environment |= engines.own_names(f"test_p{os.getpid()}_{self.port}", self.environment)
            engines.make_room(self.environment)
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.demo: dict[str, str] = {}

    def start(self) -> Platform:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo.launch"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is the test's to answer
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        if not ready.wait(READY_WITHIN_S) or "ready" not in self.lines:
            self.stop()
            raise AssertionError("the platform didn't start:\n" + "\n".join(self.lines) + self.logs())
        self.demo = dict(
            line.removeprefix("export ").split("=", 1)
            for line in (self.var / "demo.env").read_text().splitlines()
            if "=" in line and not line.startswith("#")
        )
        self.demo = {name: value.strip("'\"") for name, value in self.demo.items()}
        return self

    def _read(self, ready: threading.Event) -> None:
        assert self.process
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip("\n"))
                if line.strip() == "ready":
                    ready.set()
        ready.set()

    def stop(self, *, keep: bool = False) -> float:
        """Ctrl-C; how many seconds it took to end."""
        started = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        if not keep:
            shutil.rmtree(self.var, ignore_errors=True)
            if engines.STACK:
                engines.forget(self.environment)
        return time.monotonic() - started

    def logs(self, tail: int = 15) -> str:
        """The end of every process's log."""
        parts = []
        for file in sorted((self.var / "logs").glob("*.log")):
            parts.append(f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-tail:]))
        return "\n".join(parts)

    # --- as its users

    def client(self, token: str = "SERVICE_TOKEN", **options: Any) -> httpx.Client:
        """An HTTP client of the API with one of demo.env's tokens."""
        headers = {"Authorization": f"Bearer {self.demo[token]}"}
        return httpx.Client(base_url=self.demo["API"], headers=headers, timeout=30, **options)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `manage.py` on this platform's state."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode:
            raise AssertionError(
                f"manage.py {' '.join(arguments)}: exit {result.returncode}\n{result.stdout}{result.stderr}"
            )
        return result

    def audit(self, *arguments: str) -> dict[str, Any]:
        """`manage.py audit --json`, with its exit code under "exit"."""
        result = self.manage("audit", "--json", *arguments, check=False)
        try:
            return {**json.loads(result.stdout), "exit": result.returncode}
        except json.JSONDecodeError as error:
            raise AssertionError(f"audit said no JSON: {result.stdout}{result.stderr}") from error

    # --- as fate

    @contextmanager
    def _supervisor(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{self.var}/supervisor.sock")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            yield proxy.supervisor

    def pids(self) -> dict[str, int]:
        """The pid of every process by its name."""
        with self._supervisor() as supervisor:
            return {info["name"]: info["pid"] for info in supervisor.getAllProcessInfo() if info["pid"]}

    def signal(self, names: str | Sequence[str], number: int = signal.SIGKILL) -> None:
        """Sends a signal to processes by name: by default `kill -9`."""
        pids = self.pids()
        for name in [names] if isinstance(names, str) else names:
            os.kill(pids[name], number)

    def wipe_redis(self) -> None:
        """Everything that this platform has in Redis is gone at once."""
        url = self.environment.get("REDIS_URL") or f"unix://{self.var}/redis.sock"
        with redis.Redis.from_url(url) as client:
            client.flushdb()

    def stop_programs(self, *names: str) -> None:
        """Ends programs through the supervisor; they stay ended until `start_programs`."""
        with self._supervisor() as supervisor:
            for name in names:
                supervisor.stopProcess(f"platform:{name}")

    def start_programs(self, *names: str) -> None:
        with self._supervisor() as supervisor:
            for name in names:
                supervisor.startProcess(f"platform:{name}", False)
