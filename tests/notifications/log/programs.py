"""What the contract tests run in other processes: `python -m` this module, ENGINE OPTIONS PROGRAM arguments."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from notifications.log.port import Log, Message


def open_engine(name: str, options: dict[str, object]) -> Log:
    """A handle on the engine's storage."""
    if name == "kafka":
        from notifications.log.kafka import KafkaLog

        return KafkaLog(**options)
    from notifications.log.embedded import EmbeddedLog

    return EmbeddedLog(**{**options, "folder": Path(str(options["folder"]))})


def produce_forever(log: Log, topic: str) -> None:
    """Produces three numbers a call and prints each call's once it is acknowledged."""
    number = 0
    while True:
        log.produce([Message(topic, f"key-{n}", str(n).encode()) for n in range(number, number + 3)])
        print(number, number + 1, number + 2, flush=True)
        number += 3


def produce(log: Log, topic: str, key: str, calls: str) -> None:
    """Produces `calls` times two records under one key, numbered."""
    for number in range(int(calls)):
        log.produce([Message(topic, key, f"{key}:{2 * number + n}".encode()) for n in (0, 1)])


def own(log: Log, topic: str, member: str) -> None:
    """Joins `readers`, takes what it gets, prints how many it owns, and never commits."""
    consumer = log.consumer("readers", [topic], member)
    owned = 0
    while True:
        changes = consumer.assignment_changes()
        if changes.assigned:
            owned += len(changes.assigned)
            print(owned, flush=True)
        consumer.poll(100, 1 << 20)
        time.sleep(0.02)


def work(log: Log, topic: str, member: str) -> None:
    """Joins `readers` and prints what happens to it, a line each: assigned N, revoked N, read N."""
    consumer = log.consumer("readers", [topic], member)
    while True:
        changes = consumer.assignment_changes()
        said = {"revoked": changes.revoked, "assigned": changes.assigned, "read": consumer.poll(100, 1 << 20)}
        for word, what in said.items():
            if what:
                print(word, len(what), flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    engine, options, program, *arguments = sys.argv[1:]
    globals()[program](open_engine(engine, json.loads(options)), *arguments)
