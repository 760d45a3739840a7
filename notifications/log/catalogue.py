"""The table of topics (contract §3) against what is there: what is missing, what differs, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from notifications.log.port import Log, TopicState
from notifications.topology import TOPICS

AS_WANTED, MISSING, UNKNOWN = "ok", "missing", "not in the table"
FEWER, MORE, OTHERWISE = "fewer partitions", "more partitions", "configured otherwise"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One topic: `wanted` and `there` are partition counts (0: not in the table, not there); `state` one of the
    words above.

    `lag` and `retained` are records: what its group has still to read, and what the log still keeps. `differs` names
    what else isn't as the settings want it: what is there, what is wanted.
    """

    topic: str
    wanted: int
    there: int
    group: str = ""
    lag: int = 0
    retained: int = 0
    differs: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def state(self) -> str:
        if not self.wanted:
            return UNKNOWN
        if not self.there:
            return MISSING
        if self.there == self.wanted:
            return OTHERWISE if self.differs else AS_WANTED
        return FEWER if self.there < self.wanted else MORE


def wanted_partitions() -> dict[str, int]:
    """The partition count of each topic: the table's, or the setting TOPIC_PARTITIONS where it names the topic."""
    chosen = settings.TOPIC_PARTITIONS
    return {topic.name: chosen.get(topic.name, topic.partitions) for topic in TOPICS.values()}


def survey(log: Log) -> list[Standing]:
    """Every topic of the table and every other that is there, in the table's order. Raises LogUnavailable."""
    wanted, there = wanted_partitions(), log.describe_topics()
    names = [*wanted, *sorted(there.keys() - wanted.keys())]
    return [_standing(log, name, wanted.get(name, 0), there.get(name)) for name in names]


def _standing(log: Log, name: str, wanted: int, there: TopicState | None) -> Standing:
    group = TOPICS[name].group if name in TOPICS else ""
    if there is None:
        return Standing(topic=name, wanted=wanted, there=0, group=group)
    ends, begins = log.end_offsets(name), log.begin_offsets(name)
    done = log.committed(group, name) if group else ends
    return Standing(
        topic=name,
        wanted=wanted,
        there=there.partitions,
        group=group,
        lag=sum(ends.values()) - sum(done.values()),
        retained=sum(ends.values()) - sum(begins.values()),
        differs=there.differs,
    )
