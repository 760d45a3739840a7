"""The command lines of our own processes: one table for the demo's supervisor and compose.yaml. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Compression would cost 94 KB a socket, and the gateway pings by itself (docs/decisions/0005).
SOCKETS = ("--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-ping-interval", "0", "--ws-max-size", "65536")
WEB, GATEWAY = "config.asgi:application", "channels_app.gateway:application"


@dataclass(frozen=True, kw_only=True)
class Commands:
    """With the Python and the manage.py of where they run; `host` is what web, gateway and gRPC listen on."""

    python: str
    manage: str
    host: str = "127.0.0.1"

    def web(self, port: int) -> list[str]:
        return self._uvicorn(WEB, port)

    def gateway(self, port: int) -> list[str]:
        return [*self._uvicorn(GATEWAY, port), *SOCKETS]

    def grpc(self, port: int) -> list[str]:
        return [*self.managed("grpc"), "--host", self.host, "--port", str(port)]

    def bridge(self, member: str, roles: Sequence[str]) -> list[str]:
        """The bridge of the roles' topics, known to the log by its stable name; empty: the host's and the role's."""
        named = ["--member", member] if member else []
        return [*self.managed("bridge"), *named, *(part for role in roles for part in ("--role", role))]

    def worker(self, name: str, queues: Sequence[str]) -> list[str]:
        """A Celery worker of these queues; `%h` in its name is the host's."""
        options = ("-P", "threads", "--without-gossip", "--without-mingle", "-l", "WARNING")
        return [*self._celery("worker"), "-n", f"{name}@%h", "-Q", ",".join(queues), *options]

    def beat(self) -> list[str]:
        return [*self._celery("beat"), "--pidfile=", "-l", "WARNING"]

    def expander(self, member: str = "") -> list[str]:
        return [*self.managed("expander"), *(["--member", member] if member else [])]

    def managed(self, *arguments: str) -> list[str]:
        return [self.python, self.manage, *arguments]

    def _celery(self, what: str) -> list[str]:
        return [self.python, "-m", "celery", "-A", "config", what]

    def _uvicorn(self, application: str, port: int) -> list[str]:
        return [
            *(self.python, "-m", "uvicorn", application, "--host", self.host, "--port", str(port)),
            *("--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "4"),
        ]
