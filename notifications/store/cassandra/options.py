"""How the cluster is spoken to: the entry in settings.DATABASES, and the driver's options behind it.

Read by config.settings, so nothing here may read the settings; `options` is settings.CASSANDRA.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, ExecutionProfile
from cassandra.policies import (
    ConstantSpeculativeExecutionPolicy,
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    TokenAwarePolicy,
)
from cassandra.query import tuple_factory

from notifications.store.cassandra.again import OnceMoreElsewhere

READS, WRITES = "reads", "writes"
PROTOCOL_VERSION = 5
CONNECT_WITHIN_S = 2.0
# A node that was away is tried again this soon, and at least this often: seconds after an outage everything goes on.
RECONNECT_FROM_S, RECONNECT_TO_S = 0.2, 1.0
# A connection that nobody answers on is noticed after the sum of these.
HEARTBEAT_EVERY_S, HEARTBEAT_WITHIN_S = 2, 2
# The driver writes in pieces of 4 KiB: without this the second piece waits 40 ms for the first one's acknowledgement.
NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
# A read is asked of a second node as well when the first hasn't answered by then.
SPECULATIVE_AFTER_S = 0.1


def database(options: Mapping[str, Any]) -> dict[str, Any]:
    """The entry for django-cassandra-engine. Tests make keyspaces of their own: Django makes none (TEST, MIRROR)."""
    return {
        "ENGINE": "django_cassandra_engine",
        "NAME": options["keyspace"],
        "HOST": ",".join(options["contact_points"]),
        "TEST": {"MIRROR": "default"},
        "OPTIONS": {"connection": {"lazy_connect": True, **cluster_options(options)}},
    }


def cluster_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of the driver's Cluster, but its contact points."""
    found: dict[str, Any] = {
        "port": options["port"],
        "protocol_version": PROTOCOL_VERSION,
        "sockopts": NO_DELAY,
        "connect_timeout": CONNECT_WITHIN_S,
        "control_connection_timeout": CONNECT_WITHIN_S,
        "reconnection_policy": ExponentialReconnectionPolicy(RECONNECT_FROM_S, RECONNECT_TO_S, max_attempts=None),
        "idle_heartbeat_interval": HEARTBEAT_EVERY_S,
        "idle_heartbeat_timeout": HEARTBEAT_WITHIN_S,
        "execution_profiles": {
            EXEC_PROFILE_DEFAULT: _profile(options),
            WRITES: _profile(options),
            READS: _profile(
                options, speculative_execution_policy=ConstantSpeculativeExecutionPolicy(SPECULATIVE_AFTER_S, 1)
            ),
        },
    }
    if options["user"]:
        found["auth_provider"] = PlainTextAuthProvider(username=options["user"], password=options["password"])
    return found


def _profile(options: Mapping[str, Any], **more: Any) -> ExecutionProfile:
    return ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=options["datacenter"])),
        retry_policy=OnceMoreElsewhere(),
        consistency_level=ConsistencyLevel.name_to_value[options["consistency"]],
        request_timeout=options["timeout_s"],
        row_factory=tuple_factory,
        **more,
    )
