"""`make demo`: prepares what is needed, starts everything under supervisord, says `ready`, ends all on Ctrl-C.

With REDIS_URL given, that Redis is used and none started (`make demo-stack`: all servers are given).
A step that can't be done ends in one line with its remedy.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport

from demo import processes, simulators
from demo.probing import answers, is_alive, is_taken

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 120
PREPARED_WITHIN_S = 120
STOP_WITHIN_S = 10
SOCKET_PATH_MAX = 100

TOWN = "100000"  # the town's broadcast starts with one person, one to everybody waits for a second


class CantStart(Exception):
    """One line that says what is wrong and what to do."""


class Asked(Exception):
    """Asked to end while starting."""


def main() -> int:
    try:
        return Demo().run()
    except CantStart as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


class Demo:
    """One running demo: state in `var`, web on `port`, the gateway on the next, gRPC on the one after."""

    def __init__(self) -> None:
        self.var = Path(os.environ.get("VAR", "var")).resolve()
        self.port = _number("PORT", 8000)
        self.gateway_port = _number("GATEWAY_PORT", self.port + 1)
        self.grpc_port = _number("GRPC_PORT", self.port + 2)
        self.metrics_port = int(os.environ.get("METRICS_PORT") or 0)
        self.environment = {
            "BROADCAST_APPROVAL_ABOVE": TOWN,
            **os.environ,
            "VAR": str(self.var),
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.gateway_port),
            "GRPC_PORT": str(self.grpc_port),
            "DEMO": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        self.is_simulated = os.environ.get("PROVIDERS") == simulators.ASKED
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._check()
        try:
            _step("starting Redis" if self.redis else "starting the supervisor")
            self._start_supervisor()
            _step("preparing the databases, the topics and the company")
            self._manage("prepare")
            _step("starting the processes")
            self._rpc().supervisor.startProcessGroup("platform", False)
            self._await_ready()
            self._greet()
            self._watch()
        except Asked:
            return 0
        finally:
            self._end()
        return 0

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _watch(self) -> None:
        while not self.stopping and self.supervisor and self.supervisor.poll() is None:
            time.sleep(0.2)

    def _await(self, done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        until = time.monotonic() + seconds
        while not done():
            if self.stopping:
                raise Asked
            if time.monotonic() > until:
                raise CantStart(otherwise)
            time.sleep(0.1)

    def _check(self) -> None:
        ports = {"PORT": self.port, "GATEWAY_PORT": self.gateway_port, "GRPC_PORT": self.grpc_port}
        for name, port in ports.items():
            if is_taken(port):
                raise CantStart(f"port {port} is taken; give another: {name}={port + 10} make demo")
        if len(str(self.var / "supervisor.sock")) > SOCKET_PATH_MAX:
            raise CantStart(
                f"{self.var} is too long a path for a unix socket; give a shorter one: VAR=/tmp/np make demo"
            )
        if is_alive(self.var / "supervisord.pid"):
            raise CantStart(
                f"a demo is running on {self.var}; end it, or give another folder: VAR=var2 PORT=8010 make demo"
            )
        try:
            self.redis = None if os.environ.get("REDIS_URL") else processes.redis(self.var)
        except FileNotFoundError as error:
            raise CantStart(str(error)) from error
        (self.var / "logs").mkdir(parents=True, exist_ok=True)
        if self.is_simulated:
            self._prepare_simulators()

    def _prepare_simulators(self) -> None:
        if missing := simulators.missing():
            raise CantStart(f"the simulators need {missing}: run `PROVIDERS=simulators make demo`, which installs them")
        try:
            self.environment |= simulators.prepare(self.var, self.environment)
        except RuntimeError as error:
            raise CantStart(str(error)) from error

    def _start_supervisor(self) -> None:
        programs = processes.programs(self.var, self.port, self.gateway_port, self.grpc_port)
        servers = [self.redis] if self.redis else []
        if self.is_simulated:
            servers.append(simulators.program(self.var))
        everything = [*servers, *programs]
        configuration = self.var / "supervisord.conf"
        configuration.write_text(processes.supervisor_configuration(self.var, everything, self.metrics_port))
        for stale in ("redis.sock", "supervisor.sock"):
            (self.var / stale).unlink(missing_ok=True)
        self.supervisor = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-n", "-c", str(configuration)],
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        awaited, what = ("redis.sock", "Redis") if self.redis else ("supervisor.sock", "supervisord")
        self._await(lambda: (self.var / awaited).exists(), 10, f"{what} didn't start; see {self.var}/logs")
        if self.is_simulated:
            desk = f"{self.environment['SIMULATORS_URL']}/state"
            self._await(lambda: answers(desk), 30, f"the simulators didn't start; see {self.var}/logs")

    def _manage(self, *arguments: str) -> None:
        command = [sys.executable, processes.MANAGE, *arguments]
        with subprocess.Popen(command, env=self.environment, start_new_session=True) as process:
            try:
                self._await(
                    lambda: process.poll() is not None, PREPARED_WITHIN_S, f"manage.py {arguments[0]} takes too long"
                )
            except (Asked, CantStart):
                process.terminate()
                raise
        if process.returncode:
            raise CantStart(
                f"manage.py {' '.join(arguments)} failed (see above); `make clean` forgets the state in {self.var}"
            )

    def _rpc(self) -> xmlrpc.client.ServerProxy:
        transport = SupervisorTransport(None, None, f"unix://{self.var}/supervisor.sock")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def _await_ready(self) -> None:
        url = f"http://127.0.0.1:{self.port}/health/ready"
        gateway = f"http://127.0.0.1:{self.gateway_port}/health/live"
        see = f"not ready after {READY_WITHIN_S} s; see {self.var}/logs"
        self._await(lambda: answers(url) and answers(gateway) and is_taken(self.grpc_port), READY_WITHIN_S, see)

    def _greet(self) -> None:
        env = dict(
            line.split("=", 1)
            for line in (self.var / "demo.env").read_text().splitlines()
            if "=" in line and line[0] != "#"
        )
        values = {name.removeprefix("export "): value.strip("'\"") for name, value in env.items()}
        home = f"http://localhost:{self.port}"
        data = {"order_id": "ord_abc123", "tracking_number": "TR12345", "carrier": "FedEx"}
        body = {
            "type": "order_shipped",
            "target": {"type": "user", "user_id": values["USER_ID"]},
            "data": data,
        }
        message = body | {"target": {"user_id": values["USER_ID"]}}
        curl = (
            f"curl -s {values['API']}/notifications -H 'Authorization: Bearer {values['SERVICE_TOKEN']}' "
            f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'"
        )
        grpcurl = (
            f"grpcurl -plaintext -H 'authorization: Bearer {values['SERVICE_TOKEN']}' -d '{json.dumps(message)}' "
            f"localhost:{self.grpc_port} notifications.v1.NotificationService/Send"
        )
        notify = (
            f"{self._short_var()}{_program('notify')} send order_shipped --user {values['USER_ID']} "
            + " ".join(f"--data {name}={value}" for name, value in data.items())
            + " --demo"
        )
        lines = [
            "ready",
            "",
            f"  the demo    {home}/",
            f"  the admin   {home}/admin/      {values['ADMIN_USER']} / {values['ADMIN_PASSWORD']}",
            "              the same password for author, marketer, approver, support, operator",
            f"  the API     {home}/api/docs",
            f"  gRPC        localhost:{self.grpc_port}      notifications.v1, with reflection",
            f"  tokens      {self.var}/demo.env   (source it)",
            *([f"  simulators  {self.environment['SIMULATORS_URL']}/"] if self.is_simulated else []),
            "",
            "  send one:",
            "",
            curl,
            "",
            grpcurl,
            "",
            notify,
            "",
            "  Ctrl-C ends it.",
        ]
        print("\n".join(lines), flush=True)

    def _short_var(self) -> str:
        """What goes before a command that has to find this demo's state."""
        return "" if self.var == ROOT / "var" else f"VAR={shlex.quote(str(self.var))} "

    def _end(self) -> None:
        if self.supervisor is None or self.supervisor.poll() is not None:
            return
        self.supervisor.send_signal(signal.SIGTERM)
        with suppress(BrokenPipeError):  # whoever listened may be gone; the processes go nonetheless
            print("\nending", flush=True)
        try:
            self.supervisor.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.supervisor.pid, signal.SIGKILL)


def _program(name: str) -> str:
    """A program of this environment, as it is typed in the project's folder."""
    path = Path(sys.executable).with_name(name)
    return shlex.quote(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def _step(what: str) -> None:
    print(f"… {what}", flush=True)


def _number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise CantStart(f"{name} must be a port between 1 and 65535, not {value!r}")
    return int(value)


if __name__ == "__main__":
    sys.exit(main())
