"""Where a consumer stands in each partition of a topic, and what it reads next."""

from __future__ import annotations

from array import array
from collections import deque
from itertools import islice

from notifications.log.embedded import rows
from notifications.log.embedded.chunks import unpack
from notifications.log.embedded.files import as_unavailable
from notifications.log.embedded.topic import TopicFile
from notifications.log.port import LogRecord, TopicPartition


class Cursor:
    """One partition: `fetch` is the next offset to read from the file, `buffer` what is read and not yet given out.

    Between `committed` and `given` lies what may be under way.
    """

    __slots__ = ("buffer", "committed", "fetch", "given", "paused", "place", "topic")

    def __init__(self, topic: TopicCursors, place: TopicPartition, start: int) -> None:
        self.topic = topic
        self.place = place
        self.fetch = self.given = self.committed = start
        self.buffer: deque[LogRecord] = deque()
        self.paused = False

    @property
    def clean(self) -> bool:
        """Whether nothing that was given out waits for its commit."""
        return self.given <= self.committed

    def waiting(self) -> int:
        """How many records can be given out; more than there are where retention took some."""
        return len(self.buffer) + self.topic.ends[self.place.partition] - self.fetch

    def take(self, count: int, size: int) -> list[LogRecord]:
        """Up to `count` records until their values reach `size` bytes; at least one if there is any."""
        if len(self.buffer) < count:
            self.topic.fill(self, count - len(self.buffer), size)
        taken = 0
        for record in islice(self.buffer, count):
            taken += 1
            size -= len(record.value)
            if size <= 0:
                break
        records = [self.buffer.popleft() for _ in range(taken)]
        if records:
            self.given = records[-1].offset + 1
        return records


class TopicCursors:
    """The cursors of one topic on a connection of their own, which tells when others have written."""

    def __init__(self, topic: TopicFile) -> None:
        self._name = topic.name
        self._connection = topic.connect()
        self._version = -1
        self.cursors: dict[int, Cursor] = {}
        self.quiet = False
        self.refresh()

    def add(self, place: TopicPartition, committed: int | None) -> Cursor:
        """A cursor that starts at the group's committed offset."""
        cursor = self.cursors[place.partition] = Cursor(self, place, committed or 0)
        self.quiet = False
        return cursor

    def remove(self, place: TopicPartition) -> None:
        del self.cursors[place.partition]

    def refresh(self) -> None:
        """Looks whether anything was written since the last look; the head is read only then. Raises LogUnavailable."""
        with as_unavailable():
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self.ends: array[int] = rows.read_head(self._connection)
                self._version, self.quiet = version, False

    def ready(self) -> list[Cursor]:
        """The unpaused cursors that have something; none again until something changes, if there is none."""
        if self.quiet:
            return []
        found = [cursor for cursor in self.cursors.values() if not cursor.paused and cursor.waiting() > 0]
        self.quiet = not found
        return found

    def fill(self, cursor: Cursor, count: int, size: int) -> None:
        """Reads on into the cursor's buffer: enough for `count` records or `size` bytes."""
        partition = cursor.place.partition
        end = self.ends[partition]
        with as_unavailable():
            page = rows.read_rows(self._connection, partition, cursor.fetch, end, records=count, size=size)
        for row in page:
            cursor.buffer.extend(unpack(self._name, partition, row, cursor.fetch))
            cursor.fetch = row.base + row.length
        if not page:
            cursor.fetch = end  # retention took the rest

    def close(self) -> None:
        self._connection.close()
