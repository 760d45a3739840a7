"""How far the tracker is (design.md, "What keeps it exact").

Whoever checks a repeat first lets the tracker pass the end of the delivery topic as it was when the repeat began:
whatever had been reported by then is in the store. The bridge does so before it sends the batch, so that no worker
waits for a tracker whose tasks may be queueing behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifications.log.port import Log
from notifications.topology import CHANNELS, CRITICAL, DELIVERY, LANES, TOPICS, channel_topic

# Topics whose batches go to providers; an inbox row that is there already simply stays.
CHECKED_TOPICS = frozenset(
    [CRITICAL, *(channel_topic(channel, lane) for channel in CHANNELS if channel != "in_app" for lane in LANES)]
)


def end_of_reports(log: Log) -> dict[int, int]:
    """The end of every partition of the delivery topic, as of now. Raises LogUnavailable."""
    return log.end_offsets(DELIVERY)


def passed(log: Log) -> dict[int, int]:
    """What the tracker has committed of every partition. Raises LogUnavailable."""
    return log.committed(TOPICS[DELIVERY].group, DELIVERY)


def not_passed(ends: Mapping[int, int], passed: Mapping[int, int]) -> dict[int, int]:
    """Those of `ends` that the tracker hasn't committed yet. Pure."""
    return {partition: end for partition, end in ends.items() if passed.get(partition, 0) < end}
