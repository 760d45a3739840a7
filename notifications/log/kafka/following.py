"""How far groups are, asked by a client of each group that never joins it.

`AdminClient.list_consumer_group_offsets` asks for all of them on one connection, and ends the whole process when a
broker answers NOT_COORDINATOR (librdkafka 2.16, confluentinc/librdkafka issue 5040): after every broker's restart.
"""

from __future__ import annotations

from threading import Lock

from confluent_kafka import Consumer, KafkaException, TopicPartition

from notifications.log.kafka.health import Health
from notifications.log.kafka.options import Options, as_unavailable


class Following:
    """Committed offsets by group. Thread-safe."""

    def __init__(self, options: Options, health: Health) -> None:
        self._options = options
        self._health = health
        self._lock = Lock()
        self._clients: dict[str, Consumer] = {}

    def offsets(self, group: str, topic: str, count: int) -> dict[int, int]:
        """What `group` has committed of the topic's `count` partitions; where it has nothing a partition is left out.

        Raises LogUnavailable.
        """
        limit_s = self._health.admit(self._options.timeout_s)
        asked = [TopicPartition(self._options.outside(topic), partition) for partition in range(count)]
        with as_unavailable():
            try:
                found = self._client(group).committed(asked, limit_s)
            except KafkaException as error:
                self._health.silent(str(error))
                raise
            for place in found:
                if place.error:
                    raise KafkaException(place.error)
        self._health.answered()
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def close(self) -> None:
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _client(self, group: str) -> Consumer:
        with self._lock:
            if group not in self._clients:
                settings = {"group_id": self._options.outside(group), "enable_auto_commit": False}
                self._clients[group] = Consumer(self._options.client(self._health.heard, **settings))
            return self._clients[group]
