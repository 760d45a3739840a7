"""The log on Kafka as producers, bridges, the audit and operators see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock

from notifications.log.kafka.administration import Administration
from notifications.log.kafka.consumer import KafkaConsumer
from notifications.log.kafka.health import Health
from notifications.log.kafka.options import Options
from notifications.log.kafka.producing import KafkaProducer
from notifications.log.kafka.reading import Readers
from notifications.log.port import LogRecord, Message, TopicState

# A client that a fork carried into a child has lost its threads and can't be ended there: it is kept and left alone.
_open: set[KafkaLog] = set()


class KafkaLog:
    """The port's Log on the brokers at `bootstrap`; the settings are explained in `Options`.

    Clients are made on first use: a process that only looks has no producer.
    """

    def __init__(
        self,
        *,
        bootstrap: str,
        prefix: str,
        replication: int,
        min_isr: int,
        retention_ms: int,
        timeout_s: float,
        queue_max: int,
        lease_s: float,
        handover_s: float,
        options: Mapping[str, str],
    ) -> None:
        self._options = Options(
            bootstrap=bootstrap,
            prefix=prefix,
            replication=replication,
            min_isr=min_isr,
            retention_ms=retention_ms,
            timeout_s=timeout_s,
            queue_max=queue_max,
            lease_s=lease_s,
            handover_s=handover_s,
            more=options,
        )
        self._making = Lock()
        self._producer: KafkaProducer | None = None
        self._administration = Administration(self._options)
        self._health = Health("consumers")
        _open.add(self)

    @cached_property
    def _readers(self) -> Readers:
        return Readers(self._options)

    def produce(self, messages: Sequence[Message], *, within_s: float | None = None) -> None:
        """See the port."""
        producer = self._producer
        if producer is None:
            with self._making:
                producer = self._producer = self._producer or KafkaProducer(self._options)
        producer.produce(messages, within_s=within_s)

    def consumer(self, group: str, topics: Sequence[str], member: str) -> KafkaConsumer:
        """See the port. It joins at its first `assignment_changes`."""
        return KafkaConsumer(self._options, self._health, group, topics, member)

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """See the port."""
        self._administration.create_topics(partitions)

    def grow_topic(self, topic: str, partitions: int) -> None:
        """See the port. Producers and bridges notice within ten seconds."""
        self._administration.grow_topic(topic, partitions)

    def topics(self) -> dict[str, int]:
        """See the port."""
        return self._administration.topics()

    def describe_topics(self) -> dict[str, TopicState]:
        """See the port."""
        return self._administration.describe_topics()

    def end_offsets(self, topic: str) -> dict[int, int]:
        """See the port."""
        return self._administration.ends(topic)

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """See the port."""
        return self._administration.begins(topic)

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """See the port."""
        return self._administration.committed(group, topic)

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """See the port."""
        return self._readers.read(topic, partition, start, end)

    def offset_at(self, topic: str, timestamp: int) -> dict[int, int]:
        """See the port."""
        return self._administration.offset_at([topic], timestamp)[topic]

    def delete_before(self, timestamp: int) -> int:
        """See the port."""
        return self._administration.delete_before(timestamp)

    def close(self) -> None:
        """Flushes the producer and ends the clients; consumers are closed by their owners."""
        _open.discard(self)
        if self._producer is not None:
            self._producer.close()
        if "_readers" in self.__dict__:
            self._readers.close()
        self._administration.close()
