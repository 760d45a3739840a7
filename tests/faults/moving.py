"""Partitions move to other brokers: Kafka's own tool does it, librdkafka can't."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from confluent_kafka.admin import AdminClient

from stack import jars, java

POM = Path(__file__).resolve().parent / "tools" / "pom.xml"
TOOL = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
VERSION = "4.3.1"
MOVED_WITHIN_S = 120.0


def spread(bootstrap: str, folder: Path) -> int:
    """Gives every partition replicas on all brokers in turn, the first of them its leader; how many moved.

    Returns when all have moved. Raises AssertionError when they don't.
    """
    plan = _plan(bootstrap)
    file = folder / "reassignment.json"
    file.write_text(json.dumps({"version": 1, "partitions": plan}))
    _run(bootstrap, file, "--execute")
    end = time.monotonic() + MOVED_WITHIN_S
    while "still in progress" in (said := _run(bootstrap, file, "--verify")):
        assert time.monotonic() < end, said
    return len(plan)


def leaders(bootstrap: str) -> set[int]:
    """The brokers that lead a partition."""
    topics = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=20).topics.values()
    return {partition.leader for topic in topics for partition in topic.partitions.values()}


def _plan(bootstrap: str) -> list[dict[str, object]]:
    found = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=20)
    brokers = sorted(found.brokers)
    plan: list[dict[str, object]] = []
    for name, topic in sorted(found.topics.items()):
        for number, partition in sorted(topic.partitions.items()):
            at = (number + len(plan)) % len(brokers)
            replicas = [brokers[(at + step) % len(brokers)] for step in range(len(partition.replicas))]
            plan.append({"topic": name, "partition": number, "replicas": replicas})
    return plan


def _run(bootstrap: str, file: Path, what: str) -> str:
    binary, _ = java.find()
    given = ["--bootstrap-server", bootstrap, "--reassignment-json-file", str(file), what]
    command = [binary, "-cp", os.pathsep.join(str(jar) for jar in _tools().glob("*.jar")), TOOL, *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _tools() -> Path:
    """The tool's jars, fetched once into the stack's cache."""
    place = jars.cache() / f"kafka-tools-{VERSION}"
    if not place.is_dir():
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={place}.draft"]
        subprocess.run(["mvn", "-q", "-B", "--strict-checksums", "-f", str(POM), *goal], check=True)
        Path(f"{place}.draft").rename(place)
    return place
