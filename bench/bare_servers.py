"""The bare work of the same events on Kafka and Cassandra, with their clients alone and no logic, in one process.

    python -m bench.bare_servers EVENTS

In rounds of 500 events: produce raw, consume it, produce 1.5 channel records an event, consume them, write 3.3 rows an
event in unlogged batches of 50, produce the reports, consume them. Idempotent producer, acks=all; every batch awaited.
Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from bench.mix import OPTED_IN, USERS, EventMix

ROUND = 500
CHANNELS_OF_EVENT = 1.5
ROWS_OF_EVENT = 3.3
ROWS_A_BATCH = 50
BATCHES_UNDER_WAY = 16
EVENTS_A_REPORT = 30
PARTITIONS = 16
TOPICS = ("bare.raw", "bare.channel", "bare.delivery")
PATIENCE_S = 30


def main() -> None:
    events = int(sys.argv[1])
    bodies = [msgspec.json.encode(event) for event in EventMix(users=USERS, opted_in=OPTED_IN, seed=7).take(ROUND)]
    with topics() as names, rows() as write:
        through = {name: Through(name) for name in names}
        one_round(0, bodies, list(through.values()), write)
        started, cpu = time.perf_counter(), time.process_time()
        for number in range(1, events // ROUND + 1):
            one_round(number, bodies, list(through.values()), write)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        for each in through.values():
            each.close()
    json.dump({"events": events, "seconds": seconds, "cpu_seconds": cpu_seconds}, sys.stdout)


def one_round(number: int, bodies: Sequence[bytes], through: Sequence[Through], write: Any) -> None:
    raw, channel, delivery = through
    raw.pass_on(bodies)
    channel.pass_on([*bodies, *bodies[: int(ROUND * CHANNELS_OF_EVENT) - ROUND]])
    write(number, bodies)
    delivery.pass_on([b"".join(bodies[at : at + EVENTS_A_REPORT]) for at in range(0, ROUND, EVENTS_A_REPORT)])


class Through:
    """A topic, written and read to the end."""

    def __init__(self, topic: str) -> None:
        from confluent_kafka import Consumer, Producer, TopicPartition

        common = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"], "log_level": 0}
        self.topic = topic
        self.producer = Producer({**common, "enable.idempotence": True, "acks": "all", "linger.ms": 2})
        self.consumer = Consumer({**common, "group.id": "bare", "enable.auto.commit": False, "fetch.wait.max.ms": 5})
        self.consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])

    def pass_on(self, bodies: Sequence[bytes]) -> None:
        for number, body in enumerate(bodies):
            self.producer.produce(self.topic, body, key=str(number), partition=number % PARTITIONS)
        if self.producer.flush(PATIENCE_S):
            raise SystemExit("the brokers didn't acknowledge in time")
        missing = len(bodies)
        while missing:
            missing -= len(self.consumer.consume(missing, PATIENCE_S))

    def close(self) -> None:
        self.consumer.close()


@contextmanager
def topics() -> Iterator[list[str]]:
    """Topics of the run's own, forgotten afterwards."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"], "log_level": 0})
    names = [f"{os.environ['KAFKA_PREFIX']}{topic}" for topic in TOPICS]
    replicas = int(os.environ.get("KAFKA_REPLICATION", "1"))
    made = admin.create_topics([NewTopic(name, PARTITIONS, replicas) for name in names])
    for done in made.values():
        done.result(PATIENCE_S)
    yield names
    for done in admin.delete_topics(names).values():
        done.result(PATIENCE_S)


@contextmanager
def rows() -> Iterator[Any]:
    """Gives `write(number, bodies)`, which puts a round's rows into a table of the run's own."""
    from cassandra.cluster import Cluster

    cluster = Cluster(os.environ["CASSANDRA_CONTACT_POINTS"].split(","), port=int(os.environ["CASSANDRA_PORT"]))
    session: Any = cluster.connect()
    keyspace = f"bare_{os.getpid()}"
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': "
        f"{int(os.environ.get('CASSANDRA_REPLICATION', '1'))}}}",
        timeout=PATIENCE_S,
    )
    session.set_keyspace(keyspace)
    session.execute("CREATE TABLE rows (user text, id text, body blob, PRIMARY KEY (user, id))", timeout=PATIENCE_S)
    insert = session.prepare("INSERT INTO rows (user, id, body) VALUES (?, ?, ?)")
    try:
        yield lambda number, bodies: _write(session, insert, number, bodies)
    finally:
        session.execute(f"DROP KEYSPACE {keyspace}", timeout=PATIENCE_S)
        cluster.shutdown()


def _write(session: Any, insert: Any, number: int, bodies: Sequence[bytes]) -> None:
    from cassandra.query import BatchStatement, BatchType

    count = int(ROUND * ROWS_OF_EVENT)
    waiting: list[Any] = []
    for first in range(0, count, ROWS_A_BATCH):
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for place in range(first, min(first + ROWS_A_BATCH, count)):
            batch.add(insert, (f"bare_{number}_{place}", f"{number}-{place}", bodies[place % ROUND]))
        waiting.append(session.execute_async(batch, timeout=PATIENCE_S))
        if len(waiting) == BATCHES_UNDER_WAY:
            waiting.pop(0).result()
    for each in waiting:
        each.result()


if __name__ == "__main__":
    main()
