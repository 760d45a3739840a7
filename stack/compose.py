"""compose.yaml, rendered from the tables that `make stack` and the demo use. Pure.

`python -m stack compose > compose.yaml`; a test says when the file differs.
"""

from __future__ import annotations

from typing import Any

import yaml

from notifications.topology import ROLES
from stack import mariadb
from stack.cassandra import node
from stack.cassandra import settings as cassandra
from stack.commands import Commands
from stack.container_secrets import FOLDER as SECRETS
from stack.container_secrets import MARIADB_PASSWORD, PLACES, REDIS_CONF, STACK_ENV
from stack.kafka import broker
from stack.kafka import settings as kafka
from stack.versions import IMAGES

HEAD = """\
# Written by `python -m stack compose > compose.yaml`; change stack/compose.py instead (docs/stack.md).
# `docker compose up --build`, then http://localhost:8000. Data and passwords live in volumes.
"""
IMAGE, USER = "notification-platform", "10001:10001"
STATE = "/var/lib/platform"
WEB_PORT, GATEWAY_PORT, GRPC_PORT, METRICS_PORT = 8000, 8001, 8002, 9100
COMMANDS = Commands(python="python", manage="manage.py", host="0.0.0.0")  # noqa: S104
CASSANDRA_YAML = "/etc/notification-platform/cassandra.yaml"
CASSANDRA_FLAGS = "-Dcassandra.ring_delay_ms=0 -Dcassandra.skip_wait_for_gossip_to_settle=0"
Service = dict[str, Any]


def render() -> str:
    """The whole file."""
    volumes: dict[str, Any] = {name: {} for name in ("cassandra", "kafka", "mariadb", "secrets", "state")}
    document = {
        "name": IMAGE,
        "services": {**servers(), **preparations(), **roles()},
        "configs": {"cassandra.yaml": {"content": cassandra.yaml_file(_cassandra_settings()).replace("$", "$$")}},
        "volumes": volumes,
    }
    return HEAD + yaml.dump(document, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)


class _Plain(yaml.SafeDumper):
    """Without YAML's own references: each service can be read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    """On one line where it holds plain words."""
    flow = all(isinstance(item, str) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Plain.add_representer(list, _list)


# --- the servers, on the official images


def servers() -> dict[str, Service]:
    return {"kafka": _kafka(), "cassandra": _cassandra(), "mariadb": _mariadb(), "redis": _redis()}


def _server(kind: str, check: list[str], **rest: Any) -> Service:
    health = {"test": check, "interval": "5s", "timeout": "10s", "retries": 30, "start_period": "60s"}
    return {"image": IMAGES[kind], "restart": "unless-stopped", **rest, "healthcheck": health}


def _kafka() -> Service:
    host, port = PLACES.kafka[0]
    own = {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": f"PLAINTEXT://:{port},CONTROLLER://:{port + 1}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{host}:{port + 1}",
        "log.dirs": "/var/lib/kafka/data",
    }
    settings = kafka.image_environment({**own, **kafka.TUNING, **kafka.replication(1)})
    check = ["CMD", "/opt/kafka/bin/kafka-broker-api-versions.sh", "--bootstrap-server", f"localhost:{port}"]
    heap = {"KAFKA_HEAP_OPTS": f"-Xmx{broker.HEAP_MB[1]}m"}
    return _server("kafka", check, environment={**settings, **heap}, volumes=["kafka:/var/lib/kafka/data"])


def _cassandra_settings() -> dict[str, Any]:
    host, port = PLACES.cassandra[0]
    data = "/var/lib/cassandra"
    return {
        **cassandra.TUNING,
        "initial_token": cassandra.initial_token(1, 1),
        **cassandra.seed_provider(host),
        "listen_address": host,
        "rpc_address": "0.0.0.0",  # noqa: S104
        "broadcast_rpc_address": host,
        "native_transport_port": port,
        "data_file_directories": [f"{data}/data"],
        **{f"{part}_directory": f"{data}/{part}" for part in ("commitlog", "saved_caches", "hints", "cdc_raw")},
    }


def _cassandra() -> Service:
    environment = {
        "MAX_HEAP_SIZE": f"{node.HEAP_MB[1]}M",
        "HEAP_NEWSIZE": "128M",
        "JVM_EXTRA_OPTS": f"-Dcassandra.config=file://{CASSANDRA_YAML} {CASSANDRA_FLAGS}",
    }
    return _server(
        "cassandra",
        ["CMD", "cqlsh", "-e", "SELECT key FROM system.local"],
        hostname=PLACES.cassandra[0][0],
        environment=environment,
        configs=[{"source": "cassandra.yaml", "target": CASSANDRA_YAML}],
        volumes=["cassandra:/var/lib/cassandra"],
    )


def _mariadb() -> Service:
    return _server(
        "mariadb",
        ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"],
        depends_on=_after_secrets(),
        command=[f"--{name}={value}" for name, value in mariadb.TUNING.items()],
        environment={
            "MARIADB_DATABASE": mariadb.DATABASE,
            "MARIADB_USER": mariadb.USER,
            "MARIADB_PASSWORD_FILE": f"{SECRETS}/{MARIADB_PASSWORD}",
            "MARIADB_RANDOM_ROOT_PASSWORD": "1",
        },
        volumes=["mariadb:/var/lib/mysql", f"secrets:{SECRETS}:ro"],
    )


def _redis() -> Service:
    return _server(
        "redis",
        ["CMD-SHELL", "redis-cli ping | grep -qE 'PONG|NOAUTH'"],
        depends_on=_after_secrets(),
        user=USER,
        command=["redis-server", f"{SECRETS}/{REDIS_CONF}"],
        volumes=[f"secrets:{SECRETS}:ro"],
    )


# --- ours


def preparations() -> dict[str, Service]:
    """What runs once: the passwords, then schema, topics and the demo's company."""
    secrets = _ours(["python", "-m", "stack", "container-secrets"], depends_on={}, environment={}) | {
        "volumes": [f"secrets:{SECRETS}"]
    }
    return {
        "secrets": {**secrets, "build": ".", "pull_policy": "build", "restart": "no"},
        "prepare": {**_ours(COMMANDS.managed("prepare"), depends_on=_after_servers()), "restart": "no"},
    }


def roles() -> dict[str, Service]:
    """Each role of the table as what it is made of: a bridge and its workers, or a process of its own."""
    found: dict[str, Service] = {}
    for role in ROLES.values():
        if role.topics:
            found[f"{role.name}-bridge"] = _process(COMMANDS.bridge("", [role.name]))
        if role.queues:
            found[f"{role.name}-worker"] = _process(COMMANDS.worker(role.name, role.queues))
        if not role.topics and not role.queues:
            found[role.name] = ALONE[role.name]()
    return found


def _web() -> Service:
    return _process(COMMANDS.web(WEB_PORT), WEB_PORT, "ready") | {
        "hostname": "web",  # a spool belongs to the node of this name
        "ports": [f"127.0.0.1:{WEB_PORT}:{WEB_PORT}"],
    }


def _gateway() -> Service:
    ports = [f"127.0.0.1:{GATEWAY_PORT}:{GATEWAY_PORT}"]
    return _process(COMMANDS.gateway(GATEWAY_PORT), GATEWAY_PORT) | {"ports": ports}


def _grpc() -> Service:
    """Its node is its own, as its spool is; its health is also asked at its METRICS_PORT."""
    ports = [f"127.0.0.1:{GRPC_PORT}:{GRPC_PORT}"]
    return _process(COMMANDS.grpc(GRPC_PORT), health="ready") | {"hostname": "grpc", "ports": ports}


ALONE = {
    "web": _web,
    "gateway": _gateway,
    "grpc": _grpc,
    "expander": lambda: _process(COMMANDS.expander()),
    "beat": lambda: _process(COMMANDS.beat()),
}


def _process(command: list[str], port: int = METRICS_PORT, health: str = "live") -> Service:
    url = f"http://127.0.0.1:{port}/health/{health}"
    probe = f"import urllib.request; urllib.request.urlopen('{url}', timeout=3)"
    check = {
        "test": ["CMD", "python", "-c", probe],
        "interval": "15s",
        "timeout": "5s",
        "retries": 3,
        "start_period": "60s",
    }
    after = {"prepare": {"condition": "service_completed_successfully"}}
    return {**_ours(command, depends_on=after), "healthcheck": check}


def _ours(command: list[str], *, depends_on: dict[str, Any], environment: dict[str, str] | None = None) -> Service:
    variables = {"STACK_ENV": f"{SECRETS}/{STACK_ENV}", "VAR": STATE, "METRICS_PORT": str(METRICS_PORT)}
    return {
        "image": IMAGE,
        "pull_policy": "never",  # `secrets` builds it
        "command": command,
        "restart": "unless-stopped",
        "init": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "stop_grace_period": "15s",
        "environment": variables if environment is None else environment,
        "volumes": [f"state:{STATE}", f"secrets:{SECRETS}:ro"],
        **({"depends_on": depends_on} if depends_on else {}),
    }


def _after_secrets() -> dict[str, Any]:
    return {"secrets": {"condition": "service_completed_successfully"}}


def _after_servers() -> dict[str, Any]:
    return {name: {"condition": "service_healthy"} for name in servers()}
