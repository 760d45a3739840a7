"""One topic as a bridge serves it: its consumer, what it owns, and whether a poll is worth it now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from delivery import breaker
from foundation.redis import Unreachable
from notifications.log.port import Consumer, TopicPartition
from notifications.topology import CHANNELS, TOPICS, channel_topic

LOOK_AT_BREAKERS_MS = 1_000
CHANNEL_OF = {
    channel_topic(channel, lane): channel
    for channel in CHANNELS
    if channel != "in_app"
    for lane in ("standard", "bulk")
}

log = structlog.get_logger(__name__)


@dataclass
class ServedTopic:
    """`unproven`: partitions whose first records may have been done before; `waiting`: until when (ms) they rest;
    `leaving`: to be given up once nothing of theirs is under way."""

    name: str
    consumer: Consumer
    unproven: set[TopicPartition] = field(default_factory=set)
    waiting: dict[TopicPartition, int] = field(default_factory=dict)
    leaving: set[TopicPartition] = field(default_factory=set)
    flights: int = 0
    rest_until: int = 0
    rests_for: str = ""
    next_look: int = 0
    took_at: int = 0
    large: bool = False
    stopped: bool = False

    def wake(self, now: int) -> None:
        """Lets go on what has waited for its old owner long enough."""
        ready = [partition for partition, at in self.waiting.items() if at <= now]
        for partition in ready:
            del self.waiting[partition]
        if ready:
            self.consumer.resume(ready)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """They belong to others now."""
        for partition in partitions:
            self.unproven.discard(partition)
            self.leaving.discard(partition)
            self.waiting.pop(partition, None)

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
        whatever it carries.
        """
        return not self.large and now - self.took_at < TOPICS[self.name].gather_ms

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
            self.rest(now + wait, f"every account of {channel} is shut for {wait} ms")
        return wait > 0
