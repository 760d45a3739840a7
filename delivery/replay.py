"""Replay: a window of a topic is put on it once more, marked as a repeat (contract §3).

What a mark does downstream (design.md, "What keeps it exact") is what keeps users from seeing anything twice: marked
records are checked against the outcomes there are, and these win; only what has none is done. So a replay may be run
again, and twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from foundation.clock import from_rfc3339
from foundation.errors import PoisonRecord
from notifications.log.port import Log, LogRecord, Message
from notifications.records import HEADER_REPEAT, ChannelRecord, Event, decode, encode
from notifications.topology import CHANNELS, DELIVERY, DLQ, INTAKE_TOPICS, LANES, channel_topic

RECORDS_A_CALL, BYTES_A_CALL = 500, 1024 * 1024

CHANNEL_TOPICS = frozenset(channel_topic(channel, lane) for channel in CHANNELS for lane in LANES if lane != "critical")
REFUSALS = {
    DELIVERY: "it holds what came of things, and saying it again changes nothing; replay the topic they came from",
    DLQ: "what failed is in the due-time table or parked: use `manage.py dead_letters replay`",
}

Places = Mapping[int, int]  # partition → offset
Progress = Callable[[int], None]


def refusal(topic: str) -> str:
    """Why `topic` can't be replayed; "" if it can."""
    if topic in INTAKE_TOPICS or topic in CHANNEL_TOPICS:
        return ""
    return REFUSALS.get(topic, "it is no topic that accepts or delivers")


def places(log: Log, topic: str, text: str) -> dict[int, int]:
    """Where in each partition `text` points: an RFC 3339 time, one offset for all partitions, or `0:120,3:98`, which
    leaves the partitions out that it doesn't name.

    Raises ValueError for anything else, LogUnavailable.
    """
    if text.isdigit():
        return dict.fromkeys(log.end_offsets(topic), int(text))
    try:
        return dict(_place(one) for one in text.split(","))
    except ValueError:
        return log.offset_at(topic, from_rfc3339(text))


def _place(text: str) -> tuple[int, int]:
    partition, offset = text.split(":")
    return int(partition), int(offset)


def written(at: Places) -> str:
    """`at` as `places` reads it."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(at.items()))


def window(log: Log, topic: str, start: Places, end: Places | None) -> dict[int, tuple[int, int]]:
    """The offsets from `start` to `end` (None: as far as there is something now) that the log still keeps; partitions
    with none are left out. Raises LogUnavailable.
    """
    begins, ends = log.begin_offsets(topic), log.end_offsets(topic)
    found = {
        partition: (
            max(at, begins[partition]),
            min(ends[partition], ends[partition] if end is None else end[partition]),
        )
        for partition, at in start.items()
        if partition in ends and (end is None or partition in end)
    }
    return {partition: (low, high) for partition, (low, high) in sorted(found.items()) if low < high}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Filters, each empty for "any"; a record of many recipients is narrowed to those that are wanted.

    `erased` are users of whom nothing is done again (`preferences.erasure.listed`).
    """

    types: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    notifications: frozenset[str] = frozenset()
    erased: frozenset[str] = frozenset()

    def of(self, record: LogRecord) -> tuple[Event | ChannelRecord, bytes] | None:
        """The record as it is to be produced, with its bytes; None if nothing of it is wanted. Raises PoisonRecord."""
        is_event = record.topic in INTAKE_TOPICS
        found = decode(Event, record.value) if is_event else decode(ChannelRecord, record.value)
        recipients = [one for one in found.recipients if self._wants(one.user, one.id)]
        if not recipients or (self.types and found.type not in self.types):
            return None
        if len(recipients) == len(found.recipients):
            return found, record.value
        narrowed = msgspec.structs.replace(found, recipients=recipients)
        return narrowed, encode(narrowed)

    def _wants(self, user: str, id: str) -> bool:
        if user in self.erased:
            return False
        return (not self.users or user in self.users) and (not self.notifications or id in self.notifications)


@dataclass
class Replay:
    """One run over a window of `topic`. `at`: where it is in each partition; going on there misses and repeats
    nothing."""

    log: Log
    topic: str
    window: Mapping[int, tuple[int, int]]
    wanted: Wanted
    at: dict[int, int] = field(init=False)
    records: int = 0
    unreadable: int = 0
    types: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.at = {partition: start for partition, (start, _) in self.window.items()}

    @property
    def end(self) -> dict[int, int]:
        """The offsets at which it ends: what is put on the topic meanwhile is beyond them."""
        return {partition: end for partition, (_, end) in self.window.items()}

    def run(self, *, produce: bool, progress: Progress | None = None) -> None:
        """Reads the window to its end and counts; produces what is wanted if `produce` says so.

        Raises LogUnavailable; `at` then tells where to go on.
        """
        for partition, end in self.end.items():
            for upto, batch in self._batches(partition, end):
                if produce and batch:
                    self.log.produce(batch)
                if progress:
                    progress(upto - self.at[partition])
                self.at[partition] = upto

    def _batches(self, partition: int, end: int) -> Iterator[tuple[int, list[Message]]]:
        """Messages, each time with the offset up to which they go; bounded, also where little is wanted."""
        batch: list[Message] = []
        read = size = 0
        for record in self.log.read(self.topic, partition, self.at[partition], end):
            message = self._message(record)
            if message is not None:
                batch.append(message)
            read += 1
            size += len(record.value)
            if read == RECORDS_A_CALL or size >= BYTES_A_CALL:
                yield record.offset + 1, batch
                batch, read, size = [], 0, 0
        yield end, batch

    def _message(self, record: LogRecord) -> Message | None:
        try:
            found = self.wanted.of(record)
        except PoisonRecord:
            self.unreadable += 1
            return None
        if found is None:
            return None
        self.records += 1
        self.types[found[0].type] += len(found[0].recipients)
        return Message(self.topic, record.key, found[1], {**record.headers, HEADER_REPEAT: "1"})
