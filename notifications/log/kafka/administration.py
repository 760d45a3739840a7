"""Topics and offsets as operators, the audit and the tracker's followers ask for them.

Each question is one request for all partitions (a request a leader), on connections that are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from functools import cached_property
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType

from foundation.errors import LogUnavailable
from notifications.log.kafka.following import Following
from notifications.log.kafka.health import Health
from notifications.log.kafka.options import MAX_RECORD_BYTES, Options, code, reason
from notifications.log.port import TopicState

LOOK_S = 0.1
CREATING_S = 30.0
# Kafka forgets by whole segments: with this a record outlives its retention by half a day at most (decisions/0020).
SEGMENT_MS = 43_200_000
FIND_S = 1.0
PARTITIONS_FRESH_S = 5.0
BEGINS_FRESH_S = 1.0
NOT_THERE = "there is no topic {!r}: create it with `manage.py topics --create`"

EXISTS = frozenset([KafkaError.TOPIC_ALREADY_EXISTS])
SETTLING = frozenset(
    [
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    ]
)

Asking = Callable[[], Mapping[Any, "Future[Any]"]]


class Administration:
    """Asks and changes. Thread-safe; every method raises LogUnavailable. Names are the platform's own."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._health = Health("admin")
        self._following = Following(options, Health("groups"))
        self._counts: dict[str, tuple[float, int]] = {}
        self._begins: dict[str, tuple[float, dict[int, int]]] = {}

    @cached_property
    def _client(self) -> AdminClient:
        return AdminClient(self._options.client(self._health.heard))

    def close(self) -> None:
        """Ends the clients that ask."""
        self._following.close()

    # --- topics

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Creates what is missing, with replication, retention and the rest as the settings say."""
        missing = {topic: count for topic, count in partitions.items() if topic not in self.topics()}
        if not missing:
            return
        new = [
            NewTopic(
                self._options.outside(topic),
                num_partitions=count,
                replication_factor=self._options.replication,
                config=self.wanted_config(),
            )
            for topic, count in missing.items()
        ]
        self._all(lambda: self._client.create_topics(new), CREATING_S, but=EXISTS)
        self._until(lambda: missing.keys() <= self.topics().keys(), "the new topics are known")

    def wanted_config(self) -> dict[str, str]:
        """What a topic is configured with. Records carry the time of their append: the search by time relies on it."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self._options.retention_ms),
            "segment.ms": str(min(self._options.retention_ms, SEGMENT_MS)),
            "min.insync.replicas": str(self._options.min_isr),
            "max.message.bytes": str(MAX_RECORD_BYTES),
            "message.timestamp.type": "LogAppendTime",
        }

    def grow_topic(self, topic: str, partitions: int) -> None:
        """See the port."""
        there = self.topics().get(topic)
        if there is None:
            raise LogUnavailable(NOT_THERE.format(topic))
        if there < partitions:
            more = [NewPartitions(self._options.outside(topic), partitions)]
            self._all(lambda: self._client.create_partitions(more), CREATING_S)
            self._until(lambda: self.topics()[topic] >= partitions, f"{topic} has grown")
        self._counts.pop(topic, None)

    def topics(self) -> dict[str, int]:
        """Partition counts of every topic of this platform."""
        found = self._metadata()
        return {
            self._options.inside(name): len(topic.partitions)
            for name, topic in sorted(found.topics.items())
            if topic.error is None and self._options.ours(name)
        }

    def describe_topics(self) -> dict[str, TopicState]:
        """Every topic of this platform, with what differs from the settings."""
        found = {name: topic for name, topic in sorted(self._metadata().topics.items()) if self._options.ours(name)}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in found]
        configs = self._all(lambda: self._client.describe_configs(resources), CREATING_S) if resources else {}
        return {
            self._options.inside(resource.name): self._state(found[resource.name], config)
            for resource, config in configs.items()
        }

    def _state(self, topic: Any, config: Mapping[str, Any]) -> TopicState:
        there = {name: config[name].value for name in self.wanted_config()}
        wanted = self.wanted_config()
        # Partitions of one topic can differ while they are reassigned: the fewest replicas are what counts.
        fewest = min((len(partition.replicas) for partition in topic.partitions.values()), default=0)
        there["replication factor"], wanted["replication factor"] = str(fewest), str(self._options.replication)
        differs = {name: (there[name], want) for name, want in wanted.items() if there[name] != want}
        return TopicState(len(topic.partitions), differs)

    def _metadata(self, topic: str | None = None) -> Any:
        end = time.monotonic() + self._health.admit(self._options.timeout_s)
        while True:
            try:
                found = self._client.list_topics(*([topic] if topic else []), timeout=FIND_S)
            except KafkaException as error:
                self._client.poll(0)
                if self._health.away or time.monotonic() > end:
                    self._health.silent(reason(error))
                    raise LogUnavailable(reason(error)) from error
                continue
            self._health.answered()
            return found

    def partitions(self, topic: str) -> int:
        """The partition count of `topic`, some seconds old."""
        at, count = self._counts.get(topic, (0.0, 0))
        if count and time.monotonic() - at < PARTITIONS_FRESH_S:
            return count
        name, end = self._options.outside(topic), time.monotonic() + FIND_S
        while (found := self._metadata(name).topics[name]).error is not None:
            if time.monotonic() > end and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise LogUnavailable(NOT_THERE.format(topic))
            if time.monotonic() > end:
                raise LogUnavailable(f"{topic}: {reason(found.error)}")
            time.sleep(LOOK_S / 2)
        self._counts[topic] = time.monotonic(), len(found.partitions)
        return len(found.partitions)

    # --- offsets

    def ends(self, topic: str) -> dict[int, int]:
        """The offset after the last record, for each partition."""
        return self._offsets([topic], OffsetSpec.latest())[topic]

    def begins(self, topic: str) -> dict[int, int]:
        """The first offset still kept, for each partition."""
        begins = self._offsets([topic], OffsetSpec.earliest())[topic]
        self._begins[topic] = time.monotonic(), begins
        return begins

    def offset_at(self, topics: Iterable[str], timestamp: int) -> dict[str, dict[int, int]]:
        """For each topic and partition the first offset appended at or after `timestamp` (ms); the end if none is."""
        found = self._offsets(topics, OffsetSpec.for_timestamp(timestamp))
        open_ended = [topic for topic, offsets in found.items() if any(offset < 0 for offset in offsets.values())]
        ends = self._offsets(open_ended, OffsetSpec.latest()) if open_ended else {}
        return {
            topic: {p: offset if offset >= 0 else ends[topic][p] for p, offset in offsets.items()}
            for topic, offsets in found.items()
        }

    def _offsets(self, topics: Iterable[str], spec: OffsetSpec) -> dict[str, dict[int, int]]:
        asked = {
            TopicPartition(self._options.outside(topic), partition): spec
            for topic in topics
            for partition in range(self.partitions(topic))
        }
        found = self._all(lambda: self._client.list_offsets(asked), self._options.timeout_s) if asked else {}
        offsets: dict[str, dict[int, int]] = {}
        for place, result in found.items():
            offsets.setdefault(self._options.inside(place.topic), {})[place.partition] = result.offset
        return {topic: dict(sorted(of_topic.items())) for topic, of_topic in offsets.items()}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's committed offset for each partition; the begin where it has none or retention took it."""
        done = self._following.offsets(group, topic, self.partitions(topic))
        return {p: max(begin, done.get(p, begin)) for p, begin in self._known_begins(topic).items()}

    def _known_begins(self, topic: str) -> dict[int, int]:
        """Begins move by retention only: those of a moment ago do for whoever asks how far a group is."""
        at, begins = self._begins.get(topic, (0.0, {}))
        fresh = time.monotonic() - at < BEGINS_FRESH_S and len(begins) == self.partitions(topic)
        return begins if fresh else self.begins(topic)

    def delete_before(self, timestamp: int) -> int:
        """Removes records appended before `timestamp` (ms); returns how many."""
        topics = list(self.topics())
        bounds, begins = self.offset_at(topics, timestamp), self._offsets(topics, OffsetSpec.earliest())
        cut = {
            (topic, partition): bound - begins[topic][partition]
            for topic, of_topic in bounds.items()
            for partition, bound in of_topic.items()
            if bound > begins[topic][partition]
        }
        if cut:
            asked = [TopicPartition(self._options.outside(topic), p, bounds[topic][p]) for topic, p in cut]
            self._all(lambda: self._client.delete_records(asked), CREATING_S)
            self._begins.clear()
        return sum(cut.values())

    # --- asking

    def _all(self, ask: Asking, limit_s: float, but: frozenset[int] = frozenset()) -> Any:
        """The results of every part of a request, without those that failed with a code in `but`.

        What a broker that was just made leader doesn't know yet is asked again. Raises LogUnavailable.
        """
        limit_s = self._health.admit(limit_s)
        end = time.monotonic() + limit_s
        while True:
            results, failed = self._answers(ask(), end)
            if failed is None or code(failed) in but:
                self._health.answered()
                return results
            if code(failed) not in SETTLING or time.monotonic() > end:
                raise LogUnavailable(reason(failed)) from failed
            time.sleep(LOOK_S)

    def _answers(self, futures: Mapping[Any, Future[Any]], end: float) -> tuple[Any, KafkaException | None]:
        while wait(futures.values(), timeout=LOOK_S).not_done:
            self._client.poll(0)
            if self._health.away or time.monotonic() > end:
                self._health.silent("no answer in time")
                raise LogUnavailable("Kafka: no answer in time")
        failures = {asked: future.exception() for asked, future in futures.items()}
        results = {asked: futures[asked].result() for asked, failure in failures.items() if failure is None}
        return results, next((failure for failure in failures.values() if isinstance(failure, KafkaException)), None)

    def _until(self, condition: Any, what: str) -> None:
        end = time.monotonic() + CREATING_S
        while not condition():
            if time.monotonic() > end:
                raise LogUnavailable(f"Kafka: waited in vain until {what}")
            time.sleep(LOOK_S)
