"""Spools as the bridge sees a log: the critical lane's direct way, while the log is away (contract §9, "Kafka down").

Each spool is a partition of `notifications.critical`, so it has one batch in flight at a time, deadlines, repeats and
words as everywhere. What is committed is done: settled, and kept until the log has it too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from foundation import meters
from notifications.log.port import Assignment, LogRecord, TopicPartition
from notifications.spool.file import Line
from notifications.spool.owners import Owned
from notifications.topology import CRITICAL

# Partitions of spools, so far up that no topic has any there: a quarantined record says where it was.
FIRST_PARTITION = 1_000_000


@dataclass
class Source:
    """A spool this process drains. `not_before` (ms): what was under way of its lines may run until then."""

    owned: Owned
    not_before: int = 0

    @property
    def partition(self) -> int:
        """The same for a spool in whichever process."""
        return FIRST_PARTITION + (zlib.crc32(self.owned.file.name.encode()) & 0x3FFFFFFF)


class SpoolLog:
    """Of the port's Log what a bridge needs."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    def consumer(self, group: str, topics: Sequence[str], member: str) -> SpoolConsumer:
        """See the port; the only topic is the critical lane's."""
        return SpoolConsumer(self._sources)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Nothing: what was tried the direct way is in the store, no tracker has to pass it."""
        return {}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """See `end_offsets`."""
        return {}


class SpoolConsumer:
    """The port's Consumer over the sources there are at each look."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources
        self._owned: dict[TopicPartition, Source] = {}
        self._position: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()

    def assignment_changes(self) -> Assignment:
        """See the port: spools come when they are opened or adopted, and go when they are empty."""
        now_there = {TopicPartition(CRITICAL, source.partition): source for source in self._sources}
        gained, lost = now_there.keys() - self._owned.keys(), self._owned.keys() - now_there.keys()
        self._owned = now_there
        for place in lost:
            self._position.pop(place, None)
            self._paused.discard(place)
        return Assignment(assigned={place: now_there[place].not_before for place in gained}, revoked=frozenset(lost))

    def poll(self, max_records: int, max_bytes: int) -> list[LogRecord]:
        """See the port."""
        records: list[LogRecord] = []
        for place, source in self._owned.items():
            if place in self._paused or len(records) >= max_records or max_bytes <= 0:
                continue
            after, most = self._position.get(place, 0), max_records - len(records)
            for line in source.owned.file.lines(CRITICAL, after=after, limit=most, undone=True):
                if max_bytes <= 0:
                    break
                records.append(_record(place, line))
                max_bytes -= len(line.message.value)
                self._position[place] = line.number
        return records

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.difference_update(partitions)

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See the port: everything before is done."""
        for place, offset in offsets.items():
            if place in self._owned:
                meters.SPOOL_DIRECT.inc(self._owned[place].owned.file.settle(place.topic, offset))

    def release(self, partitions: Sequence[TopicPartition]) -> None:
        """Nobody shares a spool."""

    def close(self) -> None:
        """The spools stay open: they belong to the drainer."""


def _record(place: TopicPartition, line: Line) -> LogRecord:
    message = line.message
    return LogRecord(*place, line.number, message.key, message.value, message.headers or {}, line.at)
