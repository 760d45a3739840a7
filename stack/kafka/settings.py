"""Kafka's settings: one table for `make stack` and compose.yaml. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from stack.layout import Layout, number_of

# What every broker of ours says, wherever it runs.
TUNING: Mapping[str, str] = {
    # Topics are made by `manage.py topics`; a name that is misspelt is an error, not a topic.
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    # Longer than a group may stand still: its offsets are where its work is remembered.
    "offsets.retention.minutes": str(30 * 24 * 60),
    "offsets.topic.num.partitions": "8",
    "log.retention.hours": str(7 * 24),
    # A dead broker is known in 2 s, and one that comes back after kill -9 isn't kept waiting for its own old session.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "300",
    # A dead consumer's partitions move within 6 s instead of 48 (KIP-848), and classic groups may be as quick.
    "group.initial.rebalance.delay.ms": "0",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.heartbeat.interval.ms": "500",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.min.session.timeout.ms": "1000",
}


def replication(nodes: int) -> dict[str, str]:
    """Copies of the topics, Kafka's own ones included: three from three nodes on, two of which must have a record."""
    copies, enough = (min(nodes, 3), 2 if nodes >= 3 else 1)
    return {
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(enough),
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(enough),
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(enough),
    }


def properties(layout: Layout, name: str) -> dict[str, str]:
    """A broker's file. The first `layout.nodes` are controllers as well; brokers added later are brokers alone."""
    number = number_of(name)
    controls = number <= layout.nodes
    at = f"127.0.0.1:{layout.port(name)}"
    proxy, proxied = layout.proxied(name)
    listeners = [f"PLAINTEXT://{at}", f"PROXIED://127.0.0.1:{proxied}"]
    controllers = ",".join(f"127.0.0.1:{layout.controller_port(n)}" for n in range(1, layout.nodes + 1))
    if controls:
        listeners.append(f"CONTROLLER://127.0.0.1:{layout.controller_port(number)}")
    return {
        "process.roles": "broker,controller" if controls else "broker",
        "node.id": str(number),
        "listeners": ",".join(listeners),
        "advertised.listeners": f"PLAINTEXT://{at},PROXIED://127.0.0.1:{proxy}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": controllers,
        "log.dirs": str(layout.home(name) / "data"),
        **TUNING,
        **replication(layout.nodes),
    }


def properties_file(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def image_environment(values: Mapping[str, str]) -> dict[str, str]:
    """The same settings as the official image takes them: `log.dirs` is KAFKA_LOG_DIRS."""
    return {"KAFKA_" + name.replace("_", "__").replace(".", "_").upper(): value for name, value in values.items()}


LOG4J = (
    '<Configuration status="WARN"><Appenders><Console name="console">'
    '<PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>'
    '<Loggers><Root level="WARN"><AppenderRef ref="console"/></Root></Loggers></Configuration>\n'
)
