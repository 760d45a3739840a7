"""The runbook's pages, done as they say, on a running platform: each ends with nothing lost and nothing twice."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.processes import programs
from foundation.clock import now_ms, to_rfc3339
from tests.chaos.load import Sender
from tests.chaos.settling import settled
from tests.chaos.test_two_of_each import running, server
from tests.running import Platform, free_port, until

pytestmark = pytest.mark.chaos

RATE = 200  # events a second while something is done to the platform
BACK_WITHIN_S = 60  # some seconds where a core is free
COMMAND_EVERY_S = 1.0


def is_ready(port: int) -> bool:
    """Whether the process at `port` says that it is."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def sending(platform: Platform, crowd: list[str], name: str, seconds: int) -> Sender:
    """The load, begun: RATE events a second for `seconds`."""
    sender = Sender(platform, crowd, total=RATE * seconds, batch=20, rate=RATE, name=name)
    sender.start()
    sender.wait_until(RATE)
    return sender


def status(platform: Platform) -> dict[str, object]:
    return json.loads(platform.manage("status", "--json").stdout)


def behind(platform: Platform, topic: str) -> int:
    return next(lag["behind"] for lag in status(platform)["lags"] if lag["topic"] == topic)


def back(platform: Platform, *names: str) -> None:
    """Waits until the supervisor has started these again and they say that they are alive."""
    until(lambda: _all_alive(platform, names), BACK_WITHIN_S, f"{names} are back", every_s=COMMAND_EVERY_S)


def _all_alive(platform: Platform, names: tuple[str, ...]) -> bool:
    pids = platform.pids()
    alive = {process["pid"] for process in status(platform)["processes"]}
    return all(pids.get(name) in alive for name in names)


def test_every_process_can_be_observed(platform: Platform, crowd: list[str]):
    sending(platform, crowd, "observed", 2).finish()
    settled(platform)
    first = int(platform.environment["METRICS_PORT"])
    names = ["redis", *[program.name for program in programs(platform.var, 0, 0)]]
    # web and gateway have HTTP of their own, at their ports; the others at theirs, counted up in this order.
    ports = {name: first + place for place, name in enumerate(names)} | {
        "web": platform.port,
        "gateway": platform.port + 1,
    }
    for name in names[1:]:
        base = f"http://127.0.0.1:{ports[name]}"
        ready = until(lambda base=base: _ready(base), BACK_WITHIN_S, f"{name} is ready")
        assert httpx.get(f"{base}/health/live").status_code == 200, name
        assert ready["status"] == "ready", name
        families = {family.name for family in text_string_to_metric_families(httpx.get(f"{base}/metrics").text)}
        assert {"np_process_pulse_seconds", "process_cpu_seconds"} <= families, name
    assert {process["service"] for process in status(platform)["processes"]} == set(names[1:])


def _ready(base: str) -> dict[str, object] | None:
    try:
        answer = httpx.get(f"{base}/health/ready", timeout=10)
    except httpx.ConnectError:  # those of the bulk lane start last
        return None
    return answer.json() if answer.status_code == 200 else None


def test_lag_rises_and_is_seen(platform: Platform, crowd: list[str]):
    platform.stop_programs("worker-router")
    sending(platform, crowd, "lag", 3).finish()
    assert behind(platform, "notifications.raw") > RATE
    assert "> " in platform.manage("status").stdout  # how old the oldest is
    platform.start_programs("worker-router")
    settled(platform)


def kept(platform: Platform) -> int:
    """How many records the quarantine keeps, as its list says at the end."""
    said = re.search(r"^(\d+) kept", platform.manage("quarantine", "list").stdout, re.MULTILINE)
    return int(said[1]) if said else 0


def test_poison(platform: Platform, crowd: list[str]):
    code = (
        "from notifications.log import get_log; from notifications.log.port import Message;"
        "get_log().produce([Message('notifications.raw', 'u', b'{\"half'), Message('notifications.dlq', 'n', b'?')])"
    )
    platform.manage("shell", "-c", code)
    sending(platform, crowd, "poison", 2).finish()
    settled(platform)
    assert kept(platform) == 2
    assert "2 put back" in platform.manage("quarantine", "retry", "--all").stdout
    until(lambda: kept(platform) == 2, 20, "both are poison still", every_s=COMMAND_EVERY_S)


def test_a_worker_drains(platform: Platform, crowd: list[str]):
    sender = sending(platform, crowd, "drain", 5)
    platform.signal("worker-delivery", signal.SIGTERM)
    sender.finish()
    back(platform, "worker-delivery")
    settled(platform)


def test_redis_and_every_process_lost_at_once(platform: Platform, crowd: list[str]):
    sender = sending(platform, crowd, "lost", 5)
    began = time.monotonic()
    for pid in platform.pids().values():
        os.kill(pid, signal.SIGKILL)
    sender.finish()
    settled(platform, since=began)


def test_a_new_version_is_rolled_out_without_a_refusal(platform: Platform, crowd: list[str]):
    """Every process is replaced, one after the other, and web by a second one beside it: no request is refused."""
    port = free_port()
    balancer = Balancer(platform, crowd)
    with running(platform, *server("config.asgi:application", port)):
        until(lambda: is_ready(port), BACK_WITHIN_S, "the second web is ready")
        balancer.start()
        balancer.wait_until(RATE)
        balancer.port = port
        time.sleep(0.5)  # what was sent to the old one is answered by it
        old = platform.pids()["web"]
        platform.signal("web", signal.SIGTERM)
        for name in ("bridge", "bridge-critical", "bridge-bulk", "worker-router", "worker-delivery", "beat", "gateway"):
            platform.signal(name, signal.SIGTERM)
        until(
            lambda: platform.pids().get("web", old) != old, BACK_WITHIN_S, "another web runs"
        )  # the old one answers yet
        until(lambda: is_ready(platform.port), BACK_WITHIN_S, "web is back")
        balancer.port = platform.port
        time.sleep(0.5)
    balancer.finish()
    assert balancer.refused == []
    settled(platform)


class Balancer(Sender):
    """The load through a balancer that is told which web takes new connections; every refusal is noted."""

    def __init__(self, platform: Platform, crowd: list[str]) -> None:
        super().__init__(platform, crowd, total=RATE * 15, batch=20, rate=RATE, name="roll")
        self.port = platform.port
        self.refused: list[str] = []

    def _until_taken(self, client: httpx.Client, body: dict, headers: dict[str, str]) -> dict:
        token = {"Authorization": f"Bearer {self.platform.demo['SERVICE_TOKEN']}"}
        while True:
            url = f"http://127.0.0.1:{self.port}/api/v1/notifications/batch"
            try:
                answer = httpx.post(url, json=body, headers=headers | token, timeout=30)
            except httpx.TransportError as error:
                self.refused.append(repr(error))
                continue
            if answer.status_code == 202:
                return dict(answer.json())
            self.refused.append(answer.text)


def test_the_control_plane_from_yesterdays_backup(platform: Platform, crowd: list[str], tmp_path: Path):
    control, kept = platform.var / "control.sqlite3", tmp_path / "yesterday.sqlite3"
    with closing(sqlite3.connect(control)) as now, closing(sqlite3.connect(kept)) as backup:
        now.backup(backup)
    due = to_rfc3339(now_ms() + 12_000)
    event = {
        "type": "order_shipped",
        "target": {"type": "user", "user_id": crowd[0]},
        "data": {"order_id": "ord_1", "tracking_number": "T", "carrier": "DHL"},
        "channels": ["in_app", "push"],
        "schedule_at": due,
    }
    with platform.client() as client:
        answer = client.post("notifications/batch", json={"notifications": [event] * 50}).raise_for_status().json()
    ids = [result["notification_id"] for result in answer["results"]]
    until(lambda: _waiting(platform) >= len(ids), 15, "the schedules are kept", every_s=COMMAND_EVERY_S)
    ours = [name for name in platform.pids() if name != "redis"]
    platform.stop_programs(*ours)
    for file in (control, Path(f"{control}-wal"), Path(f"{control}-shm")):
        file.unlink(missing_ok=True)
    with closing(sqlite3.connect(kept)) as backup, closing(sqlite3.connect(control)) as now:
        backup.backup(now)
    assert _waiting(platform) < len(ids)
    assert f"schedule: {len(ids)} put" in platform.manage("due", "rebuild", "--since", "1h").stdout
    assert "0 rows put" in platform.manage("due", "rebuild").stdout
    platform.start_programs(*ours)
    until(lambda: is_ready(platform.port), BACK_WITHIN_S, "web is back")
    settled(platform)
    with platform.client("SERVICE_TOKEN") as client:
        told = client.get(f"notifications/{ids[0]}").raise_for_status().json()
    assert told["channels"]["push"]["status"] in ("sent", "delivered")


def _waiting(platform: Platform) -> int:
    return sum(row["count"] for row in status(platform)["waiting"])


def test_logs_are_json_and_name_nobody(platform: Platform, crowd: list[str]):
    """The last: what all of the above has written holds no address of a seeded user, in no process."""
    lines = [line for file in (platform.var / "logs").glob("*.log") for line in file.read_text().splitlines()]
    assert not [line for line in lines if "@example.com" in line or "+49151" in line]
    tokens = {f"{number:064x}" for number in range(len(crowd))}
    assert not [line for line in lines if any(token in line for token in tokens)]
    ours = [json.loads(line) for line in lines if line.startswith("{")]
    assert all(line["service"] and line["pid"] for line in ours)
