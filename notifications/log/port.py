"""The port of the log: what the stages need of Kafka, and no more (design.md, idea 4).

Both engines (embedded, Kafka) pass the same contract tests. An engine partitions by murmur2 of the key, as Kafka's
own clients do, so that a key keeps its partition when the engine changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Message(NamedTuple):
    """Something to be put on the log. `headers` are short text values."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] | None = None


class LogRecord(NamedTuple):
    """Something read from the log. `timestamp` is when it was appended, ms."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    timestamp: int


@dataclass(frozen=True)
class Assignment:
    """What changed in a consumer's partitions since the last look.

    `assigned` maps each new partition to the time (ms) before which nothing of it may be dispatched: 0 after a clean
    handover, else the end of what the previous owner may still have under way. `revoked` are lost for good; `revoking`
    are to be given up: stop taking, settle, commit, then call `release`.
    """

    assigned: Mapping[TopicPartition, int] = field(default_factory=dict)
    revoking: frozenset[TopicPartition] = frozenset()
    revoked: frozenset[TopicPartition] = frozenset()


@dataclass(frozen=True)
class TopicState:
    """A topic as it is. `differs` maps what isn't as the settings want it to (what is there, what is wanted)."""

    partitions: int
    differs: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Consumer(Protocol):
    """A member of a consumer group. Not thread-safe: one thread owns it."""

    def assignment_changes(self) -> Assignment:
        """Keeps the membership alive (call at least once a second) and says what changed since the last call."""

    def poll(self, max_records: int, max_bytes: int) -> list[LogRecord]:
        """Records after the position of every assigned partition that isn't paused, in offset order within each.

        Returns at once, empty where there is nothing. Moves the position, not the committed offset.
        Raises LogUnavailable.
        """

    def pause(self, partitions: Sequence[TopicPartition]) -> None: ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None: ...

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Makes `offsets` (of the next record to read) durable for the group; those no longer owned are ignored."""

    def release(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives partitions up cleanly, after what was taken from them is committed."""

    def close(self) -> None:
        """Leaves the group; what is still owned goes to others as a clean handover if nothing of it is under way."""


class Log(Protocol):
    """The log as producers, bridges, the audit and operators see it. Thread-safe."""

    def produce(self, messages: Sequence[Message], *, within_s: float | None = None) -> None:
        """Appends `messages`, in order within each partition, and returns once they are durable.

        Who has another place for them says how long to wait for an answer: `within_s`, or the engine's own limit if
        that is less. Others wait on.
        All or an error: raises LogUnavailable if any may not be durable (then some may be there: at-least-once), and
        PoisonRecord for a message that is larger than the engine takes.
        """

    def consumer(self, group: str, topics: Sequence[str], member: str) -> Consumer:
        """A member of `group`. `member` is a stable name: a restarted member gets its partitions back at once."""

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Creates what is missing; never shrinks, grows nothing."""

    def grow_topic(self, topic: str, partitions: int) -> None:
        """Gives `topic` that many partitions if it has fewer. Keys may go to another partition from then on."""

    def topics(self) -> dict[str, int]:
        """Partition count of every topic there is."""

    def describe_topics(self) -> dict[str, TopicState]:
        """Every topic there is; what differs from the engine's settings (replicas, retention) is named."""

    def end_offsets(self, topic: str) -> dict[int, int]:
        """The offset after the last record, for each partition."""

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """The first offset still kept, for each partition."""

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's committed offset for each partition; the begin offset where it has none."""

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """Streams records in [start, end) in bounded memory, outside any group."""

    def offset_at(self, topic: str, timestamp: int) -> dict[int, int]:
        """For each partition the first offset appended at or after `timestamp` (ms); the end if there is none."""

    def delete_before(self, timestamp: int) -> int:
        """Retention: removes records appended before `timestamp`, whatever groups have read; returns how many."""

    def close(self) -> None: ...
