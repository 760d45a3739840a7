"""supervisord over the servers: its configuration, and its calls over a unix socket.

Each server is a group of its own, so that one can be added to a running stack. What dies is started again.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from stack.problems import NotRunning, StackError

SOCKET_PATH_MAX = 100
UP_WITHIN_S, GONE_WITHIN_S = 20, 10
STOP_WITHIN_S = 30  # then SIGKILL: a JVM that ends cleanly writes what it has in memory
UP = ("RUNNING",)
LEAVING = ("STOPPING",)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One supervised server; `once`: something that ends by itself."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    once: bool = False


def configuration(folder: Path, programs: Sequence[Program]) -> str:
    """supervisord's file. Pure but for who runs it: root has to say so."""
    parts = [
        f"[supervisord]\nlogfile={folder}/logs/supervisord.log\nlogfile_maxbytes=5MB\nlogfile_backups=1\nloglevel=info\n"
        f"pidfile={folder}/supervisord.pid\nchildlogdir={folder}/logs\nsilent=true\n"
        + ("user=root\n" if os.geteuid() == 0 else ""),
        f"[unix_http_server]\nfile={folder}/supervisor.sock\nchmod=0700\n",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        *(_section(program) for program in programs),
    ]
    return "\n".join(parts)


def _section(program: Program) -> str:
    command = shlex.join(program.command).replace("%", "%%")
    return (
        f"[program:{program.name}]\ncommand={command}\ndirectory={program.folder}\nautostart=false\n"
        f"autorestart={'false' if program.once else 'true'}\n"
        f"startsecs=0\nstartretries=1000000\nstopwaitsecs={STOP_WITHIN_S}\nstopasgroup=true\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={program.log}\nstdout_logfile_maxbytes=20MB\nstdout_logfile_backups=1\n"
    )


class Supervisor:
    """The supervisord of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "supervisor.sock"

    def write(self, programs: Sequence[Program]) -> None:
        """Raises StackError when the folder's path is too long for a unix socket."""
        if len(str(self.socket)) > SOCKET_PATH_MAX:
            raise StackError(f"{self.folder} is too long a path for a unix socket; give a shorter one: VAR=/tmp/np")
        (self.folder / "supervisord.conf").write_text(configuration(self.folder, programs))

    def launch(self) -> None:
        """Starts supervisord in the background, with no server yet."""
        self.socket.unlink(missing_ok=True)
        (self.folder / "logs" / "supervisord.log").unlink(missing_ok=True)
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", "supervisord.conf"]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        until = time.monotonic() + UP_WITHIN_S
        while not self.running():
            if time.monotonic() > until:
                raise StackError(f"supervisord didn't start; see {self.folder}/logs/supervisord.log")
            time.sleep(0.05)

    def running(self) -> bool:
        try:
            with self.calls() as calls:
                return bool(calls.getState()["statename"] == "RUNNING")
        except NotRunning:
            return False

    @contextmanager
    def calls(self) -> Iterator[Any]:
        """supervisord's own calls. Raises NotRunning when it can't be reached."""
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        except (OSError, HTTPException) as error:
            raise NotRunning(f"no stack is running on {self.folder}; start it: make stack") from error
        finally:
            transport.close()

    def infos(self) -> dict[str, dict[str, Any]]:
        """What supervisord knows of each server, by name."""
        with self.calls() as calls:
            return {info["name"]: info for info in calls.getAllProcessInfo()}

    def info(self, name: str) -> dict[str, Any]:
        found = self.infos().get(name)
        if found is None:
            raise StackError(f"this stack has no server {name!r}")
        return found

    def start(self, name: str) -> None:
        """Does nothing when it runs already."""
        if self.info(name)["statename"] not in UP:
            with self.calls() as calls:
                calls.startProcess(name, False)

    def add(self, name: str) -> None:
        """Takes a new server from the configuration written anew."""
        with self.calls() as calls:
            calls.reloadConfig()
            calls.addProcessGroup(name)

    def stop(self, name: str, *, wait: bool = True) -> None:
        if self.info(name)["statename"] in (*UP, "STARTING", "BACKOFF"):
            with self.calls() as calls:
                calls.stopProcess(name, wait)

    def end(self) -> None:
        """Stops all servers at once, then supervisord itself."""
        pid = _pid(self.folder / "supervisord.pid")
        with self.calls() as calls:
            calls.stopAllProcesses(False)
        self._await_stopped()
        with self.calls() as calls:
            calls.shutdown()
        until = time.monotonic() + GONE_WITHIN_S
        while pid and alive(pid) and time.monotonic() < until:
            time.sleep(0.05)

    def _await_stopped(self) -> None:
        until = time.monotonic() + STOP_WITHIN_S + GONE_WITHIN_S
        while any(info["pid"] for info in self.infos().values()) and time.monotonic() < until:
            time.sleep(0.1)

    def restarts(self, name: str) -> int:
        """How many times the server died and was started again since the stack was started."""
        log = self.folder / "logs" / "supervisord.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return sum(f"exited: {name} (" in line for line in lines)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _pid(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0
