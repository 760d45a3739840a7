"""A consumer as the tests see it: what it owns, what it has read."""

from __future__ import annotations

import time
from collections.abc import Callable

from foundation.clock import now_ms
from foundation.errors import LogUnavailable
from notifications.log.port import Assignment, Consumer, LogRecord, TopicPartition

PATIENCE_S = 10.0


def until(condition: Callable[[], object], what: str) -> None:
    """Returns once `condition` holds; fails with `what` after some seconds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


class Member:
    """Follows its assignment; gives up at once what it is asked to, unless `holds` is set."""

    def __init__(self, consumer: Consumer, name: str) -> None:
        self.consumer = consumer
        self.name = name
        self.owned: dict[TopicPartition, int] = {}
        self.revoked: set[TopicPartition] = set()
        self.revoking: set[TopicPartition] = set()
        self.holds = False

    def look(self) -> Assignment:
        changes = self.consumer.assignment_changes()
        for place in changes.revoked:
            del self.owned[place]
        self.revoked |= changes.revoked
        self.owned.update(changes.assigned)
        self.revoking |= changes.revoking
        if self.revoking and not self.holds:
            self.give_up()
        return changes

    def give_up(self) -> None:
        self.consumer.release(sorted(self.revoking))
        for place in self.revoking:
            self.owned.pop(place, None)
        self.revoking = set()

    def own(self, count: int) -> Member:
        """Looks until it owns `count` partitions."""
        until(lambda: self.look() and len(self.owned) == count, f"{self.name} owns {count}, has {self.owned}")
        return self

    def waits(self) -> list[int]:
        """How long from now (ms) each owned partition may not be dispatched; 0 after a clean handover."""
        return [not_before and not_before - now_ms() for not_before in self.owned.values()]

    def awaits(self, count: int) -> Member:
        """Returns once `count` records can be given out: Kafka's come over the network, ahead of being asked for."""
        if hasattr(self.consumer, "fetched"):
            until(lambda: self.look() and self.consumer.fetched >= count, f"{count} records have come")
        return self

    def read(self, records: int = 1_000, size: int = 1 << 20) -> list[LogRecord]:
        return self.consumer.poll(records, size)

    def read_all(self, count: int) -> list[LogRecord]:
        """Polls until `count` records are there."""
        got: list[LogRecord] = []
        until(
            lambda: self.look() and (got.extend(self.read()) or len(got) >= count), f"{count} records, got {len(got)}"
        )
        return got

    def commit_read(self, records: list[LogRecord]) -> None:
        """Commits, again while a broker that is busy with the group doesn't answer, as a bridge does."""
        until(lambda: self._commits({TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}), "a commit")

    def _commits(self, offsets: dict[TopicPartition, int]) -> bool:
        try:
            self.consumer.commit(offsets)
        except LogUnavailable:
            return False
        return True

    def leave_quietly(self) -> None:
        self.consumer.close()


def settle(*members: Member, counts: list[int]) -> None:
    """Lets all look until they own as many as `counts` say, whoever has most."""

    def even() -> bool:
        for member in members:
            member.look()
        return sorted(len(member.owned) for member in members) == sorted(counts)

    until(even, f"shares {counts}")
