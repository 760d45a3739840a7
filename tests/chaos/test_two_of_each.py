"""Every role alone in its processes, beside those of a platform where they share: each runs twice, nothing is missed,
nothing comes twice (design.md, "Roles").
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from notifications.topology import ROLES
from tests.chaos.settling import settled
from tests.running import ROOT, Platform, free_port, until

pytestmark = pytest.mark.chaos

STARTED_WITHIN_S = 120
DONE_WITHIN_S = 60
# These are some thirty processes: on two cores a batch takes its time, and its deadline leaves it that.
ROOMY = {"WORKER_THREADS": "2", "SANDBOX_LATENCY_MS": "1"}
EVENTS = 300


@contextmanager
def running(platform: Platform, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the platform, ended with the block."""
    log = (platform.var / "logs" / "roles.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=platform.environment, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        log.close()


def commands() -> list[list[str]]:
    """One of each role that has topics: a bridge of its own, and a worker for its queues."""
    made = []
    for role in ROLES.values():
        if role.topics:
            made.append(["manage.py", "bridge", "--role", role.name, "--member", f"{role.name}-alone"])
        if role.queues:
            queues = ",".join(role.queues)
            name = f"{role.name}-alone@%h"
            made.append(
                ["-m", "celery", "-A", "config", "worker", "-n", name, "-Q", queues, "-P", "threads", "-l", "ERROR"]
            )
    made.append(["-m", "celery", "-A", "config", "beat", "--pidfile=", "-l", "ERROR"])
    return made


def server(application: str, port: int) -> list[str]:
    options = ["--port", str(port), "--ws", "wsproto", "--log-level", "warning"]
    return ["-m", "uvicorn", application, *options]


@contextmanager
def socket_of(platform: Platform, port: int) -> Iterator[ClientConnection]:
    """The demo's user on one device, connected to one gateway."""
    with connect(f"ws://localhost:{port}/ws/inbox/", origin=f"http://localhost:{platform.port}") as socket:
        socket.send(json.dumps({"type": "auth", "token": platform.demo["USER_TOKEN"]}))
        await_frame(socket, "synced")
        yield socket


def await_frame(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame = json.loads(socket.recv(DONE_WITHIN_S))
        if frame["type"] == kind:
            return dict(frame)


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_two_of_each_role_with_one_users_devices_on_two_gateways():
    platform = Platform({"BATCH_DEADLINE_S": "20", "LIMIT_IN_APP": "100000/3600", **ROOMY}).start()
    with ExitStack() as stack:
        stack.callback(platform.stop)
        web, gateway = free_port(), free_port()
        webs, gateways = [platform.port, web], [platform.port + 1, gateway]
        for command in (
            *commands(),
            server("config.asgi:application", web),
            server("channels_app.gateway:application", gateway),
        ):
            stack.enter_context(running(platform, *command))
        until(lambda: answers(web, "/health/ready"), STARTED_WITHIN_S, "web is ready")
        until(lambda: answers(gateway, "/health/live"), STARTED_WITHIN_S, "gateway is ready")
        phone = stack.enter_context(socket_of(platform, gateways[0]))
        laptop = stack.enter_context(socket_of(platform, gateways[1]))
        ids = send(platform, webs)
        seen = [{await_frame(socket, "notification")["notification"]["id"] for _ in ids} for socket in (phone, laptop)]
        assert seen == [set(ids), set(ids)]
        phone.send(json.dumps({"type": "mark_read", "ids": [ids[0]]}))
        assert await_frame(laptop, "read")["ids"] == [ids[0]]
        assert settled(platform, DONE_WITHIN_S)["accepted"] == EVENTS


def send(platform: Platform, webs: list[int]) -> list[str]:
    """EVENTS to the demo's user, half to each web."""
    headers = {"Authorization": f"Bearer {platform.demo['SERVICE_TOKEN']}"}
    event = {
        "type": "order_shipped",
        "target": {"type": "user", "user_id": platform.demo["USER_ID"]},
        "data": {"order_id": "ord_1", "tracking_number": "TR1", "carrier": "FedEx"},
        "channels": ["in_app"],
    }
    ids: list[str] = []
    for port in webs:
        body = {"notifications": [event] * (EVENTS // 2)}
        url = f"http://127.0.0.1:{port}/api/v1/notifications/batch"
        answer = httpx.post(url, json=body, headers=headers, timeout=30).raise_for_status().json()
        ids += [result["notification_id"] for result in answer["results"]]
    return ids
