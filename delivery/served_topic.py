"""One topic as a bridge serves it: its consumer, what it owns, and whether a poll is worth it now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from delivery import breaker
from delivery.copies import Copies
from foundation.redis import Unreachable
from notifications.log.port import Consumer, LogRecord, TopicPartition
from notifications.topology import CHANNELS, TOPICS, channel_topic

LOOK_AT_BREAKERS_MS = 1_000
CHANNEL_OF = {
    channel_topic(channel, lane): channel
    for channel in CHANNELS
    if channel != "in_app"
    for lane in ("standard", "bulk")
}

LONGER_UNDER_LOAD = 2.5

# By how much a broker's clock may be before ours.
CLOCKS_DIFFER_MS = 30_000

log = structlog.get_logger(__name__)


@dataclass
class Unproven:
    """What a partition's last owner may have had under way: one batch, so of `most` records at the most, all of them
    appended before it was `assigned` (ms) to us. `until` is the offset after them, known from the first poll on.

    A poll of ours gives as many of them as it happens to: the first batch needn't hold all.
    """

    assigned: int
    until: int | None = None

    def holds(self, first: LogRecord, most: int) -> bool:
        """Whether records from `first` on may be among them."""
        if self.until is None:
            self.until = first.offset + most
        return first.offset < self.until and first.timestamp <= self.assigned + CLOCKS_DIFFER_MS


@dataclass
class ServedTopic:
    """`unproven`: partitions whose first records may have been done before, and which; `waiting`: until when (ms) they
    rest; `leaving`: to be given up once nothing of theirs is under way."""

    name: str
    consumer: Consumer
    unproven: dict[TopicPartition, Unproven] = field(default_factory=dict)
    waiting: dict[TopicPartition, int] = field(default_factory=dict)
    leaving: set[TopicPartition] = field(default_factory=set)
    flights: int = 0
    rest_until: int = 0
    rests_for: str = ""
    next_look: int = 0
    took_at: int = 0
    large: bool = False
    stopped: bool = False
    copies: Copies = field(default_factory=Copies)

    def poll(self, max_records: int, max_bytes: int) -> list[LogRecord]:
        """What has come, in the order of each partition; a record that stands there twice is marked. Raises
        LogUnavailable."""
        return self.copies.mark(self.consumer.poll(max_records, max_bytes))

    def wake(self, now: int) -> None:
        """Lets go on what has waited for its old owner long enough."""
        ready = [partition for partition, at in self.waiting.items() if at <= now]
        for partition in ready:
            del self.waiting[partition]
        if ready:
            self.consumer.resume(ready)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """They belong to others now."""
        gone = list(partitions)
        self.copies.forget(place.partition for place in gone)
        for partition in gone:
            self.unproven.pop(partition, None)
            self.leaving.discard(partition)
            self.waiting.pop(partition, None)

    def may_be_repeats(self, records: Sequence[LogRecord], most: int) -> set[TopicPartition]:
        """The partitions of `records` in which they may have been done before; `most` is what a batch may hold."""
        firsts: dict[TopicPartition, LogRecord] = {}
        for record in records:
            firsts.setdefault(TopicPartition(self.name, record.partition), record)
        known = {place: self.unproven[place] for place in firsts.keys() & self.unproven.keys()}
        marked = {place for place, unproven in known.items() if unproven.holds(firsts[place], most)}
        for place in known.keys() - marked:
            del self.unproven[place]  # beyond what the last owner can have had
        return marked

    def rest(self, until: int, why: str) -> None:
        """Nothing is taken before `until` (ms). Said once: it may go on for hours, several times a second."""
        if why != self.rests_for:
            log.warning("topic rests", topic=self.name, why=why)
        self.rest_until, self.rests_for = until, why

    def stop(self, stopped: bool) -> None:
        """Whether too much of it was put aside: then nothing is taken, and what is held isn't sent."""
        if stopped != self.stopped:
            log.warning("topic is stopped" if stopped else "topic goes on", topic=self.name)
            self.stopped = stopped

    def gathers(self, now: int) -> bool:
        """Whether what comes in waits for company: a batch went just now, and it wasn't large.

        At rest a record goes at once. Under load batches grow instead of multiplying: a chain costs about the same
        whatever it carries. That there is load shows by batches that are still under way when the next could go.
        """
        patience = TOPICS[self.name].gather_ms * (LONGER_UNDER_LOAD if self.flights else 1)
        return not self.large and now - self.took_at < patience

    def shut(self, now: int) -> bool:
        """Whether no account of this topic's channel takes sends: then its partitions wait on the log."""
        channel = CHANNEL_OF.get(self.name)
        if channel is None or now < self.next_look:
            return False
        self.next_look = now + LOOK_AT_BREAKERS_MS
        try:
            wait = breaker.shut_ms(channel)
        except Unreachable:
            return False
        if wait:
            self.rest(now + min(wait, LOOK_AT_BREAKERS_MS), f"every account of {channel} is shut")
        return wait > 0
