"""The demo's processes as the supervisor knows them, and `kill -9` for each of them."""

from __future__ import annotations

import os
import signal
import threading
import xmlrpc.client
from http.client import HTTPException
from typing import Any

from django.conf import settings
from supervisor.xmlrpc import SupervisorTransport

from demo import simulators
from demo.processes import REDIS, SIMULATORS, programs, redis
from foundation.errors import NotFound, Unavailable

TELL_FIRST_S = 0.2  # web answers before it kills itself


def running() -> list[dict[str, Any]]:
    """Each process: name, purpose, state, pid (0: none just now), since when (ms) it runs. Raises Unavailable."""
    purposes = _purposes()
    return [
        {
            "name": info["name"],
            "purpose": purposes[info["name"]],
            "state": info["statename"].lower(),
            "pid": info["pid"],
            "since": info["start"] * 1_000,
        }
        for info in sorted(_all(), key=lambda info: list(purposes).index(info["name"]))
    ]


def kill(name: str) -> int:
    """SIGKILL, and the pid it went to. Raises NotFound for a name that doesn't run, Unavailable."""
    pid = next((info["pid"] for info in _all() if info["name"] == name), 0)
    if not pid:
        raise NotFound(f"No process “{name}” runs just now.", remedy="Wait until it is back.")
    if pid == os.getpid():
        threading.Timer(TELL_FIRST_S, os.kill, (pid, signal.SIGKILL)).start()
    else:
        os.kill(pid, signal.SIGKILL)
    return int(pid)


def _purposes() -> dict[str, str]:
    var = settings.VAR
    known = {program.name: program.purpose for program in programs(var, 0, 0)}
    return known | {REDIS: redis(var).purpose, SIMULATORS: simulators.program(var).purpose}


def _all() -> list[dict[str, Any]]:
    """What the supervisor tells of the demo's programs."""
    transport = SupervisorTransport(None, None, f"unix://{settings.VAR}/supervisor.sock")
    try:
        found: Any = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor.getAllProcessInfo()
    except (OSError, HTTPException, xmlrpc.client.Error) as error:
        raise Unavailable("The supervisor can't be reached.", remedy="Start the demo with `make demo`.") from error
    finally:
        transport.close()
    names = _purposes()
    return [info for info in found if info["name"] in names]
