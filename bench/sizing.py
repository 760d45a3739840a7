"""`docs/sizing.md`, written from the figures of `make bench-stack`. Pure: figures in, a page out (sizing.md.j2)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from notifications.topology import ROLES, TOPICS

RATES = (2_315, 11_575, 100_000)
BUSY = 0.6  # of a core: what is above it is for bursts, restarts and a lost machine
# A day's events and how long what they leave is kept: contract §3, §6, §8.
DAILY, RETENTION_DAYS, INBOX_DAYS = 200_000_000, 7, 90
REPLICAS, BROKERS, DISK_FILL = 3, 5, 0.7
SOCKETS, SOCKETS_A_GATEWAY, SOCKETS_A_MACHINE, KB_A_SOCKET, PING_S = 5_000_000, 50_000, 500_000, 40, 30
GB = 10**9
SCALE_ON = {
    "web": ("a process (1 core)", "CPU; accept p99"),
    "gateway": (f"a process ({SOCKETS_A_GATEWAY:,} sockets)", "`np_sockets`, memory"),
    "grpc": ("a process (1 core)", "CPU; `np_grpc_call_seconds`"),
    "beat": ("one, and a spare", "nothing: one acts at a time"),
}


def page(figures: Mapping[str, Any]) -> str:
    """The whole page. `figures` is what bench-stack writes as JSON."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    template = environment.from_string((Path(__file__).parent / "sizing.md.j2").read_text())
    log_bytes = figures["per_event"]["log_bytes"]
    return template.render(
        figures=figures,
        raw_bytes=log_bytes.get("notifications.raw", 0),
        rates=RATES,
        roles=[_role(role, cost) for role, cost in figures["roles"].items()],
        servers=[(server, cost, _all_cores(cost)) for server, cost in figures["servers"].items()],
        disks=[(topic, size, *_disk(size, RETENTION_DAYS)) for topic, size in log_bytes.items() if size],
        store=(figures["per_event"]["store_bytes"], *_disk(figures["per_event"]["store_bytes"], INBOX_DAYS)),
        example=_example(figures),
        busy=BUSY,
        daily=DAILY,
        retention_days=RETENTION_DAYS,
        inbox_days=INBOX_DAYS,
        replicas=REPLICAS,
        brokers=BROKERS,
        disk_fill=DISK_FILL,
        sockets=SOCKETS,
        sockets_a_gateway=SOCKETS_A_GATEWAY,
        sockets_a_machine=SOCKETS_A_MACHINE,
        kb_a_socket=KB_A_SOCKET,
        ping_s=PING_S,
        gb=GB,
    )


def cores(us_per_event: float, rate: float) -> float:
    """Cores for `rate` events a second at so many CPU-µs each, none of them busier than BUSY."""
    return us_per_event * rate / 1e6 / BUSY


def _role(role: str, cost: float) -> tuple[str, float, list[float], str, str]:
    unit, metric = SCALE_ON.get(role, ("a bridge and a worker (1 core)", _lag_of(role)))
    return role, cost, _all_cores(cost), unit, metric


def _lag_of(role: str) -> str:
    topics = ROLES[role].topics
    return f'`np_log_lag{{group="{TOPICS[topics[0]].group}"}}`' if topics else "CPU"


def _all_cores(cost: float) -> list[float]:
    return [cores(cost, rate) for rate in RATES]


def _disk(size: float, days: int) -> tuple[float, float]:
    """GB a day of one copy, and GB kept with all copies for so many days."""
    day = size * DAILY / GB
    return day, day * REPLICAS * days


def _example(figures: Mapping[str, Any]) -> dict[str, float]:
    peak = RATES[1]
    kept = _disk(sum(figures["per_event"]["log_bytes"].values()), RETENTION_DAYS)[1]
    servers = {name: cost * REPLICAS for name, cost in figures["servers"].items()}
    return {
        "ours": sum(cores(cost, peak) for cost in figures["roles"].values()),
        "broker": cores(servers.get("kafka", 0), peak) / BROKERS,
        "cassandra": cores(servers.get("cassandra", 0), peak),
        "kept": kept,
        "broker_disk": kept / BROKERS / DISK_FILL,
    }
