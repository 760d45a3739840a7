"""A Cassandra node as a program: its files and its command line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from stack.cassandra.settings import LOGBACK, settings, yaml_file
from stack.java import Java
from stack.layout import Layout, number_of

MAIN = "org.apache.cassandra.service.CassandraDaemon"
AGENT = "jamm-0.4.0.jar"
FLAGS = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xss256k", "-Djdk.attach.allowAttachSelf=true")
HEAP_MB = {1: 768, 3: 512, 5: 448}
# Of upstream's jvm17-server.options.
EXPORTS = (
    "java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry "
    "java.rmi/sun.rmi.server java.sql/java.sql java.base/java.lang.ref jdk.unsupported/sun.misc"
)
OPENS = (
    "java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref "
    "java.base/jdk.internal.reflect java.base/jdk.internal.math java.base/jdk.internal.module "
    "java.base/jdk.internal.util.jar jdk.management/com.sun.management.internal java.base/sun.nio.ch java.base/java.io "
    "java.base/java.lang java.base/java.lang.reflect java.base/java.nio java.base/java.util "
    "java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/java.net"
)
MODULES = [
    part
    for option, packages in (("--add-exports", EXPORTS), ("--add-opens", OPENS))
    for package in packages.split()
    for part in (option, f"{package}=ALL-UNNAMED")
]
# Root's JVM would pin its heap (mlockall), which nobody asked for.
UNPRIVILEGED = ("setpriv", "--bounding-set", "-ipc_lock", "--inh-caps", "-ipc_lock")


def files(layout: Layout, name: str) -> dict[Path, str]:
    """What has to lie in its folder before it starts."""
    home = layout.home(name)
    return {home / "cassandra.yaml": yaml_file(settings(layout, name)), home / "logback.xml": LOGBACK}


def command(layout: Layout, name: str, java: Java, listing: Path | None) -> list[str]:
    """`listing`: see Java.command."""
    home, heap = layout.home(name), HEAP_MB[layout.nodes]
    flags = [
        *FLAGS,
        *("-Xms128m", f"-Xmx{heap}m"),
        *MODULES,
        f"-javaagent:{java.jars}/{AGENT}",
        *_defined(
            {
                "cassandra.config": f"file://{home}/cassandra.yaml",
                "cassandra.storagedir": str(home / "data"),
                # All nodes start at once and know one another from their files: nothing to wait for.
                "cassandra.ring_delay_ms": "0",
                "cassandra.skip_wait_for_gossip_to_settle": "0",
                "cassandra.jmx.local.port": str(layout.jmx_port(number_of(name))),
                "cassandra-foreground": "yes",
                "logback.configurationFile": str(home / "logback.xml"),
            }
        ),
    ]
    return [*(UNPRIVILEGED if os.geteuid() == 0 else ()), *java.command(flags, listing), MAIN]


def nodetool(layout: Layout, name: str, java: Java, arguments: Iterable[str]) -> list[str]:
    """The command line of Cassandra's own nodetool for one node."""
    home, port = layout.home(name), str(layout.jmx_port(number_of(name)))
    own = _defined({"logback.configurationFile": f"{home}/logback.xml", "user.home": str(home)})
    flags = [*FLAGS, *MODULES, *own]
    return [*java.command(flags), "org.apache.cassandra.tools.NodeTool", "-h", "127.0.0.1", "-p", port, *arguments]


def _defined(values: dict[str, str]) -> list[str]:
    return [f"-D{name}={value}" for name, value in values.items()]
