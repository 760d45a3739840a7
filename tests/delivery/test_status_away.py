"""`manage.py status` as an operator needs it most: with a server down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import engines
from tests.running import ROOT, free_port

PATIENCE_S = 3
# What starting Python, Django and the screen may take on a busy machine; the patience comes on top.
START_S = 20


def status(var: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "status", "--patience", str(PATIENCE_S), *arguments]
    everything = os.environ | {"VAR": str(var)} | environment
    return subprocess.run(command, cwd=ROOT, env=everything, capture_output=True, text=True, check=False, timeout=60)


def away(server: str) -> dict[str, str]:
    closed = free_port()
    return {
        "redis": {"REDIS_URL": f"redis://127.0.0.1:{closed}/0"},
        "log": {"LOG_ENGINE": "kafka", "KAFKA_BOOTSTRAP": f"127.0.0.1:{closed}"},
        "store": {"STORE_ENGINE": "cassandra", "CASSANDRA_PORT": str(closed)},
        "database": {"DATABASE_URL": f"mysql://np:np@127.0.0.1:{closed}/np"},
    }[server]


@pytest.mark.parametrize("server", ["redis", "log", "store", "database"])
def test_it_names_the_server_that_is_down_and_shows_the_rest(server: str, tmp_path: Path, redis_server: Path):
    started = time.monotonic()
    given = ({} if engines.STACK else {"REDIS_URL": f"unix://{redis_server}"}) | away(server)
    done = status(tmp_path, "--json", **given)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < PATIENCE_S + START_S
    told = json.loads(done.stdout)
    assert server in told["away"]
    assert told["away"][server]
    # An empty folder has no topics and no tables; what has a server of its own here is up.
    assert {"redis", "store"} - {server} - set(told["away"]) <= set(told["servers"])
    if server != "redis":
        assert told["servers"]["redis"] > 0


def test_all_of_them_down_is_a_screen_too(tmp_path: Path):
    given = {name: value for server in ("redis", "log", "store", "database") for name, value in away(server).items()}
    done = status(tmp_path, **given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("down") == 4
    assert "? accepted/s, ? outcomes/s" in done.stdout
