"""The fault matrix as data: what is done to whom, and what users may see of it (contract §9)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import proxy

SERVERS = ("kafka", "cassandra", "mariadb", "redis")
OURS = (
    *("web", "gateway", "grpc", "bridge", "bridge-critical", "bridge-bulk"),
    *("worker-router", "worker-delivery", "worker-critical", "worker-bulk", "expander", "beat"),
)
KILL, STOP = "kill", "stop"
NETWORK = (proxy.LATENCY, proxy.CUT, proxy.HALF_OPEN, proxy.RESET, proxy.SLOW)
WINDOW_S = {KILL: 5.0, STOP: 12.0, **dict.fromkeys(NETWORK, 12.0)}

NOBODY: frozenset[str] = frozenset()
NOT_CRITICAL = frozenset({"standard", "bulk"})
EVERYBODY = frozenset({"critical", "standard", "bulk"})


@dataclass(frozen=True)
class Fault:
    """`kind` is done to `target` for `seconds` (a killed server is away that long before it is started again)."""

    target: str
    kind: str

    @property
    def seconds(self) -> float:
        return 0.0 if self.kind == KILL and self.target in OURS else WINDOW_S[self.kind]

    @property
    def may_be_refused(self) -> frozenset[str]:
        """Lanes that aren't taken meanwhile: without web nothing is; without the log what isn't spooled."""
        if self.target == "web":
            return EVERYBODY
        return NOT_CRITICAL if self.target == "kafka" else NOBODY

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


KILLS = tuple(Fault(target, KILL) for target in (*SERVERS, *OURS))
STOPS = tuple(Fault(target, STOP) for target in (*SERVERS, *OURS))
PROXIED = tuple(Fault(target, kind) for target in SERVERS for kind in NETWORK)
MATRIX = (*KILLS, *STOPS, *PROXIED)
