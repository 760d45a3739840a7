"""How much of the bulk lane waits: an expander stops while a topic holds more than 10 s of its channel's rate (§7)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from django.conf import settings

from delivery.broadcasts.rounds import HEADER_RECIPIENTS
from notifications.broadcasts import drains
from notifications.log.port import Log
from notifications.records import MAX_RECIPIENTS
from notifications.topology import BULK, TOPICS, channel_topic

LOOK_EVERY_S = 0.25


class Backlog:
    """What the bulk topics hold, in recipients. A record is read once, to learn how many it has."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._sizes: dict[str, dict[tuple[int, int], int]] = {}
        self._looked: dict[str, tuple[float, bool]] = {}

    def stops(self, channels: Iterable[str]) -> str:
        """Which topic holds too much for a broadcast on `channels`, in a sentence; "" when none does.

        Raises LogUnavailable.
        """
        for topic, rate in _limits(channels).items():
            if self._is_over(topic, rate * settings.BROADCAST_BACKLOG_S):
                return f"{topic} holds more than {settings.BROADCAST_BACKLOG_S:g} s of {rate:,.0f}/s"
        return ""

    def _is_over(self, topic: str, limit: float) -> bool:
        at, was_over = self._looked.get(topic, (0.0, False))
        now = time.monotonic()
        if now - at >= LOOK_EVERY_S:
            was_over = self.waiting(topic, limit) > limit
            self._looked[topic] = now, was_over
        return was_over

    def waiting(self, topic: str, limit: float) -> int:
        """Recipients at or beyond the group's committed offsets; it isn't counted on beyond `limit`."""
        done, ends = self._log.committed(TOPICS[topic].group, topic), self._log.end_offsets(topic)
        spans = {p: (done.get(p, 0), end) for p, end in ends.items() if end > done.get(p, 0)}
        records = sum(end - start for start, end in spans.values())
        if records > limit or records * MAX_RECIPIENTS <= limit:
            return records
        return self._count(topic, spans, limit)

    def _count(self, topic: str, spans: Mapping[int, tuple[int, int]], limit: float) -> int:
        known = self._sizes.get(topic, {})
        sizes = {place: size for place, size in known.items() if place[0] in spans and place[1] >= spans[place[0]][0]}
        for partition, (start, end) in spans.items():
            start = max([start, *(offset + 1 for at, offset in sizes if at == partition)])
            for record in self._log.read(topic, partition, start, end):
                sizes[partition, record.offset] = int(record.headers.get(HEADER_RECIPIENTS, 1))
            if sum(sizes.values()) > limit:
                break
        self._sizes[topic] = sizes
        return sum(sizes.values())


def _limits(channels: Iterable[str]) -> dict[str, float]:
    """For each topic that a broadcast goes through, what is taken from it a second."""
    rates = drains.bulk_rates(settings.BULK_SHARE)
    topics = {channel_topic(each, "bulk"): rates.get(each, settings.BROADCAST_OWN_RATE) for each in channels}
    return {BULK: settings.BROADCAST_OWN_RATE, **topics}
