"""Where a consumer stands in each partition, and what has come for it and isn't given out yet."""

from __future__ import annotations

from collections import deque
from itertools import islice

from notifications.log.port import LogRecord, TopicPartition

# Kept for a partition while it is paused; beyond, it is paused at the client, which throws away what came ahead.
FULL_RECORDS, FULL_BYTES = 4_000, 1024 * 1024


class Cursor:
    """One partition: `fetch` is the next offset to come, `buffer` what came. Between `committed` and `given` lies what
    may be under way.

    `paused` is the port's; `stopped` says that the client doesn't fetch it, because enough has come.
    """

    __slots__ = (
        "buffer",
        "committed",
        "fetch",
        "given",
        "leaving",
        "not_before",
        "paused",
        "place",
        "size",
        "stopped",
    )

    def __init__(self, place: TopicPartition, start: int, not_before: int) -> None:
        self.place = place
        self.fetch = self.given = self.committed = start
        self.not_before = not_before
        self.buffer: deque[LogRecord] = deque()
        self.size = 0
        self.paused = self.stopped = self.leaving = False

    @property
    def clean(self) -> bool:
        """Whether nothing that was given out waits for its commit."""
        return self.given <= self.committed

    @property
    def full(self) -> bool:
        """Whether enough has come."""
        return self.size >= FULL_BYTES or len(self.buffer) >= FULL_RECORDS

    @property
    def low(self) -> bool:
        """Whether more should come."""
        return 2 * self.size < FULL_BYTES and 2 * len(self.buffer) < FULL_RECORDS

    def ready(self) -> bool:
        """Whether there is something to be given out."""
        return bool(self.buffer) and not (self.paused or self.leaving)

    def put(self, record: LogRecord) -> None:
        """Takes what came; what came before (a fetch repeated) is passed over."""
        if record.offset >= self.fetch:
            self.buffer.append(record)
            self.size += len(record.value)
            self.fetch = record.offset + 1

    def take(self, count: int, size: int) -> list[LogRecord]:
        """Up to `count` records until their values reach `size` bytes; at least one if there is any."""
        taken = 0
        for record in islice(self.buffer, count):
            taken += 1
            size -= len(record.value)
            if size <= 0:
                break
        records = [self.buffer.popleft() for _ in range(taken)]
        if records:
            self.size -= sum(len(record.value) for record in records)
            self.given = records[-1].offset + 1
        return records
