"""Records that stand on a partition twice: appended, not answered in time, and appended again by their producer.

An idempotent producer's brokers pass over what it repeats, but only within one of its epochs. When a message of it runs
out of time, librdkafka begins a new one, and what was under way beside it may be written a second time (seen with a
network of 1 KB/s; the copies had one `accepted_at` and were appended two seconds apart). Such a copy carries no mark,
so the bridge, which reads a partition in order, gives it one: from there on it is checked like any other repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifications.log.port import LogRecord
from notifications.records import HEADER_REPEAT

# A producer gives a message up after KAFKA_TIMEOUT_S (5 s), a request under way after as long again.
COPIED_WITHIN_MS = 15_000


class Copies:
    """What was read of each partition in the last COPIED_WITHIN_MS of its log. Used by one thread."""

    def __init__(self) -> None:
        self._read: dict[int, dict[int, int]] = {}  # partition → a value's hash → when it was appended, oldest first

    def mark(self, records: Sequence[LogRecord]) -> list[LogRecord]:
        """`records`, those marked as repeats whose value was read of their partition before."""
        return [self._marked(record) if self._is_copy(record) else record for record in records]

    def forget(self, partitions: Iterable[int]) -> None:
        """They are read by others now."""
        for partition in partitions:
            self._read.pop(partition, None)

    def _is_copy(self, record: LogRecord) -> bool:
        read = self._read.setdefault(record.partition, {})
        name = hash(record.value)
        if name in read:
            return True
        while read and read[oldest := next(iter(read))] < record.timestamp - COPIED_WITHIN_MS:
            del read[oldest]
        read[name] = record.timestamp
        return False

    @staticmethod
    def _marked(record: LogRecord) -> LogRecord:
        return record._replace(headers={**(record.headers or {}), HEADER_REPEAT: "1"})
