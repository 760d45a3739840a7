"""The processes of the demo: each role of notifications/topology.py, several in one process to be light.

Correctness never depends on how roles share processes (design.md, "Roles"); the critical and the bulk lane have
bridges and workers of their own.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation import redis_server
from stack.commands import Commands

PYTHON = sys.executable
REDIS, SIMULATORS = "redis", "simulators"
SERVERS = (REDIS, SIMULATORS)  # what the platform talks to: started first, stopped last
STANDARD = ("router", "in_app", "push", "email", "sms", "tracker", "retry")
MANAGE = str(Path(__file__).resolve().parent.parent / "manage.py")
COMMANDS = Commands(python=PYTHON, manage=MANAGE)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One supervised process; `purpose` is shown beside its kill button."""

    name: str
    command: Sequence[str]
    purpose: str


def programs(var: Path, port: int, gateway_port: int, grpc_port: int = 0) -> list[Program]:
    """All of the demo's processes but its servers and the supervisor, in starting order."""
    return [
        Program(
            name="web",
            purpose="REST API, admin, this page",
            command=COMMANDS.web(port),
        ),
        Program(
            name="gateway",
            purpose="WebSocket gateway",
            command=COMMANDS.gateway(gateway_port),
        ),
        Program(name="grpc", purpose="gRPC: sending and status", command=COMMANDS.grpc(grpc_port)),
        Program(name="bridge", purpose="bridge of the standard lane", command=_bridge("bridge", STANDARD)),
        Program(
            name="bridge-critical", purpose="bridge of the critical lane", command=_bridge("critical", ["critical"])
        ),
        Program(name="bridge-bulk", purpose="bridge of the bulk lane", command=_bridge("bulk", ["bulk"])),
        Program(name="worker-router", purpose="routes, renders, fans out", command=_worker("router", ["router"])),
        Program(
            name="worker-delivery",
            purpose="delivers, tracks, retries",
            command=_worker("delivery", [role for role in STANDARD if role != "router"]),
        ),
        Program(name="worker-critical", purpose="the critical lane, entire", command=_worker("critical", ["critical"])),
        Program(name="worker-bulk", purpose="the bulk lane, entire", command=_worker("bulk", ["bulk"])),
        Program(
            name="expander",
            purpose="broadcasts onto the bulk lane, their ledgers",
            command=["nice", "-n", "10", *COMMANDS.expander("expander")],
        ),
        Program(
            name="beat",
            purpose="ticks for what is due",
            command=COMMANDS.beat(),
        ),
    ]


def redis(var: Path) -> Program:
    """The embedded Redis."""
    return Program(name=REDIS, purpose="caches, queues, presence", command=redis_server.command(var / "redis.sock"))


def _bridge(member: str, roles: Sequence[str]) -> list[str]:
    return [*_nice(member), *COMMANDS.bridge(member, roles)]


def _nice(name: str) -> list[str]:
    """Where all share few cores, who answers people comes first: web, gateway, the critical lane; bulk comes last."""
    return {"critical": [], "bulk": ["nice", "-n", "10"]}.get(name, ["nice", "-n", "5"])


def _worker(name: str, queues: Sequence[str]) -> list[str]:
    return [*_nice(name), *COMMANDS.worker(name, queues)]


def supervisor_configuration(var: Path, everything: Sequence[Program], metrics_port: int = 0) -> str:
    """supervisord's configuration: the servers in a group of their own, so that they start first and stop last.

    Without any in `everything` (REDIS_URL names another Redis) there is no such group.

    Each process is told its name, and its own port for metrics and health, counted up from `metrics_port` (0: none).
    """
    logs = var / "logs"
    parts = [
        f"[supervisord]\nlogfile={logs}/supervisord.log\npidfile={var}/supervisord.pid\nchildlogdir={logs}\nsilent=true\n"
        "nodaemon=true\nloglevel=warn\n",
        f"[unix_http_server]\nfile={var}/supervisor.sock\nchmod=0700\n",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    ]
    names = [program.name for program in everything if program.name not in SERVERS]
    servers = [program.name for program in everything if program.name in SERVERS]
    for place, program in enumerate(everything):
        port = metrics_port + place if metrics_port else 0
        command = shlex.join(program.command).replace("%", "%%")
        parts.append(
            f"[program:{program.name}]\ncommand={command}\ndirectory={Path(MANAGE).parent}\n"
            f'environment=PROCESS="{program.name}",METRICS_PORT="{port}"\n'
            f"autostart={'true' if program.name in SERVERS else 'false'}\nautorestart=true\nstartsecs=0\n"
            f"startretries=1000000\nstopwaitsecs=6\nstopasgroup=true\nkillasgroup=true\n"
            f"redirect_stderr=true\nstdout_logfile={logs}/{program.name}.log\nstdout_logfile_maxbytes=5MB\n"
            "stdout_logfile_backups=1\n"
        )
    parts.append(f"[group:platform]\nprograms={','.join(names)}\npriority=500\n")
    if servers:
        parts.append(f"[group:servers]\nprograms={','.join(servers)}\npriority=100\n")
    return "\n".join(parts)
