"""A flight: what one poll took from some partitions of a topic, on its way through a chain until it is settled. Pure.

The parts of a flight are flown one after the other, in the order of the log, so that a user's order holds when a batch
is halved. Only when all parts are settled may the offsets move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from notifications.log.port import LogRecord, TopicPartition
from notifications.records import HEADER_REPEAT

DEATHS_OF_A_POISON_RECORD = 2


@dataclass
class Part:
    """Records that are sent together. `deaths` counts workers that started on exactly these records and died."""

    records: Sequence[LogRecord]
    repeat: bool = False
    deaths: int = 0
    tries: int = 0


@dataclass
class Flight:
    """`offsets` are what to commit once everything is settled; a partition that is lost is taken out of it.

    `awaits`: offsets of the delivery topic that the tracker must pass before a repeat may be checked; None: to be
    looked up. `taken_at`: when it was polled; `oldest`: when its oldest record was appended (both ms).
    """

    topic: str
    parts: deque[Part]
    offsets: dict[TopicPartition, int]
    batch: str = ""
    resend_at: int = 0
    taken_at: int = 0
    oldest: int = 0
    awaits: dict[int, int] | None = field(default_factory=dict)
    marked: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(cls, topic: str, records: Sequence[LogRecord], unproven: Collection[TopicPartition]) -> Flight:
        """`unproven` are the partitions whose records may have been done before (delivery/served_topic.py)."""
        offsets = {TopicPartition(topic, record.partition): record.offset + 1 for record in records}
        marked = frozenset(place.partition for place in offsets if place in unproven)
        oldest = min(record.timestamp for record in records)
        return cls(topic=topic, parts=deque([Part(records)]), offsets=offsets, marked=marked, oldest=oldest)

    @property
    def partitions(self) -> list[TopicPartition]:
        return list(self.offsets)

    @property
    def part(self) -> Part:
        return self.parts[0]

    @property
    def may_be_repeat(self) -> bool:
        """Whether any record of the current part may have been done before."""
        part = self.part
        return part.repeat or any(
            record.partition in self.marked or HEADER_REPEAT in (record.headers or ()) for record in part.records
        )

    def settle(self) -> bool:
        """The current part is settled; whether the whole flight is."""
        self.parts.popleft()
        return not self.parts

    def repeat_later(self) -> None:
        """The current part is to be sent again as it is: from now on it may be a repeat."""
        self.part.repeat = True
        self.part.tries += 1

    def blame(self) -> Part | None:
        """The current part killed or broke its worker: halved, or, a single record for the second time, given up.

        Returns the part that is poison (contract §9), already taken out, or None.
        """
        part = self.part
        part.repeat = True
        part.deaths += 1
        if len(part.records) > 1:
            middle = len(part.records) // 2
            self.parts.popleft()
            self.parts.appendleft(Part(part.records[middle:], repeat=True))
            self.parts.appendleft(Part(part.records[:middle], repeat=True))
            return None
        return self.parts.popleft() if part.deaths >= DEATHS_OF_A_POISON_RECORD else None

    def lose(self, partitions: Sequence[TopicPartition]) -> None:
        """Those partitions belong to others now: their offsets are no longer ours to move."""
        for partition in partitions:
            self.offsets.pop(partition, None)

    def keep_owned(self) -> bool:
        """Takes out the records of lost partitions, which their new owner does; whether anything is left to send."""
        for part in self.parts:
            if any(TopicPartition(self.topic, record.partition) not in self.offsets for record in part.records):
                part.records = [r for r in part.records if TopicPartition(self.topic, r.partition) in self.offsets]
        self.parts = deque(part for part in self.parts if part.records)
        return bool(self.parts)
