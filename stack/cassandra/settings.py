"""Cassandra's settings: one table for `make stack` and compose.yaml. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stack.layout import Layout, number_of

RING = 2**64

# What every node of ours says, wherever it runs.
TUNING: Mapping[str, Any] = {
    "cluster_name": "notifications",
    "num_tokens": 1,
    "auto_bootstrap": False,
    "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
    "endpoint_snitch": "SimpleSnitch",
    # `periodic` loses acknowledged rows on kill -9 of a single node; `group` and `batch` lose none. The thread that
    # takes an unlogged batch applies its partitions one after the other, each waiting for its sync: 50 of them took
    # 250 ms with a group's window of 10 ms, 40 ms with `batch`, which syncs at once.
    "commitlog_sync": "batch",
    "concurrent_writes": 128,
    "commitlog_segment_size": "16MiB",
    # Batches of a hundred rows of ours are meant.
    "batch_size_warn_threshold": "128KiB",
    "batch_size_fail_threshold": "512KiB",
    "auto_snapshot": False,
    "memtable_heap_space": "96MiB",
    "memtable_offheap_space": "96MiB",
    "key_cache_size": "8MiB",
    "file_cache_size": "32MiB",
    "networking_cache_size": "16MiB",
    "disk_optimization_strategy": "ssd",
    "user_defined_functions_enabled": False,
    "authenticator": "AllowAllAuthenticator",
    "authorizer": "AllowAllAuthorizer",
    "role_manager": "CassandraRoleManager",
}


def settings(layout: Layout, name: str) -> dict[str, Any]:
    """A node's file: its place in the ring is fixed, all nodes are seeds of one another."""
    number, data = number_of(name), layout.home(name) / "data"
    seeds = ",".join(f"{layout.address(node)}:{layout.storage_port()}" for node in nodes(layout))
    return {
        **TUNING,
        "initial_token": initial_token(number, layout.nodes),
        **seed_provider(seeds),
        "listen_address": layout.address(name),
        "rpc_address": layout.address(name),
        "storage_port": layout.storage_port(),
        "native_transport_port": layout.port(name),
        "data_file_directories": [str(data / "data")],
        **{f"{part}_directory": str(data / part) for part in ("commitlog", "saved_caches", "hints", "cdc_raw")},
    }


def nodes(layout: Layout) -> list[str]:
    return [f"cassandra-{number}" for number in range(1, layout.nodes + 1)]


def initial_token(number: int, count: int) -> int:
    """Node `number` of `count` on an even ring; a lone node stands at 0."""
    return 0 if count == 1 else RING * (number - 1) // count - RING // 2


def seed_provider(seeds: str) -> dict[str, Any]:
    name = "org.apache.cassandra.locator.SimpleSeedProvider"
    return {"seed_provider": [{"class_name": name, "parameters": [{"seeds": seeds}]}]}


def yaml_file(values: Mapping[str, Any]) -> str:
    """YAML in which each value stands as JSON, which YAML contains."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())


LOGBACK = (
    '<configuration><appender name="console" class="ch.qos.logback.core.ConsoleAppender"><encoder>'
    "<pattern>%-5level %date{ISO8601} %F:%L %msg%n</pattern></encoder></appender>"
    '<root level="WARN"><appender-ref ref="console"/></root></configuration>\n'
)
