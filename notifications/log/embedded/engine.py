"""The embedded log as producers, bridges, the audit and operators see it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock

from foundation.errors import LogUnavailable
from notifications.log.embedded.chunks import Packed
from notifications.log.embedded.consumer import EmbeddedConsumer
from notifications.log.embedded.files import Readers, as_unavailable
from notifications.log.embedded.groups import GroupFile, read_committed
from notifications.log.embedded.topic import TopicFile
from notifications.log.port import LogRecord, Message, TopicState

NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
SUFFIX = ".sqlite3"


class EmbeddedLog:
    """The port's Log in `folder`: `topics/` and `groups/`, one SQLite file each.

    A group's member that doesn't renew for `lease_s` loses its partitions; their next owner waits until `handover_s`
    after the last dispatch there can have been. `max_bytes` bounds each topic's file; 0 means the disk does.
    """

    def __init__(self, folder: Path, lease_s: float, handover_s: float, max_bytes: int) -> None:
        self._topics_folder = Path(folder) / "topics"
        self._groups_folder = Path(folder) / "groups"
        for made in (self._topics_folder, self._groups_folder):
            made.mkdir(parents=True, exist_ok=True)
        self._lease_ms, self._handover_ms = int(lease_s * 1000), int(handover_s * 1000)
        self._max_bytes = max_bytes
        self._files: dict[str, TopicFile] = {}
        self._groups: dict[str, Readers] = {}
        self._opening = Lock()

    # --- producing

    def produce(self, messages: Sequence[Message], *, within_s: float | None = None) -> None:
        """See the port. One durable write a topic; concurrent calls of this process share it. A disk that hangs is
        waited for.
        """
        by_topic: dict[str, list[Packed]] = {}
        for topic, key, value, headers in messages:
            if topic in by_topic:
                by_topic[topic].append((key, value, headers))
            else:
                by_topic[topic] = [(key, value, headers)]
        files = [self._topic(topic) for topic in by_topic]
        for file, records in zip(files, by_topic.values(), strict=True):
            file.append(records)

    # --- consuming

    def consumer(self, group: str, topics: Sequence[str], member: str) -> EmbeddedConsumer:
        """See the port. It joins at its first `assignment_changes`."""
        files = [self._topic(topic) for topic in topics]
        with as_unavailable():
            group_file = GroupFile(self._group_path(group), self._lease_ms, self._handover_ms)
        return EmbeddedConsumer(group_file, files, member, self._lease_ms)

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """See the port."""
        done = self._done(group, topic)
        begins = self.begin_offsets(topic)
        return {partition: max(begin, done.get(partition, 0)) for partition, begin in begins.items()}

    def _done(self, group: str, topic: str) -> dict[int, int]:
        path = self._group_path(group)
        if group not in self._groups and not path.exists():
            return {}
        with self._groups.setdefault(group, Readers(path, synchronous="NORMAL")).borrow() as connection:
            return read_committed(connection, topic)

    # --- topics

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """See the port."""
        there = self.topics()
        for topic, count in partitions.items():
            if topic not in there:
                self.grow_topic(topic, count)

    def grow_topic(self, topic: str, partitions: int) -> None:
        """Gives `topic` that many partitions if it has fewer. Keys may change their partition."""
        self._open(topic).resize(partitions)

    def topics(self) -> dict[str, int]:
        """See the port."""
        names = sorted(path.name.removesuffix(SUFFIX) for path in self._topics_folder.glob(f"*{SUFFIX}"))
        return {name: count for name in names if (count := self._open(name).partition_count())}

    def describe_topics(self) -> dict[str, TopicState]:
        """See the port. There are no replicas, and retention is done by asking for it: nothing else can differ."""
        return {topic: TopicState(count) for topic, count in self.topics().items()}

    def _topic(self, topic: str) -> TopicFile:
        file = self._files.get(topic)
        if file is not None:
            return file
        if not NAME.fullmatch(topic) or not self._topic_path(topic).exists():
            raise LogUnavailable(f"there is no topic {topic!r}: create it with `manage.py topics --create`")
        return self._open(topic)

    def _open(self, topic: str) -> TopicFile:
        with self._opening, as_unavailable():
            if topic not in self._files:
                self._files[topic] = TopicFile(self._topic_path(topic), topic, self._max_bytes)
            return self._files[topic]

    def _topic_path(self, topic: str) -> Path:
        return self._topics_folder / (_named(topic) + SUFFIX)

    def _group_path(self, group: str) -> Path:
        return self._groups_folder / (_named(group) + SUFFIX)

    # --- looking

    def end_offsets(self, topic: str) -> dict[int, int]:
        """See the port."""
        return dict(enumerate(self._topic(topic).ends()))

    def begin_offsets(self, topic: str) -> dict[int, int]:
        """See the port."""
        return self._topic(topic).begins()

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """See the port."""
        return self._topic(topic).read(partition, start, end)

    def offset_at(self, topic: str, timestamp: int) -> dict[int, int]:
        """See the port."""
        return self._topic(topic).offset_at(timestamp)

    def delete_before(self, timestamp: int) -> int:
        """See the port."""
        return sum(self._topic(topic).delete_before(timestamp) for topic in self.topics())

    def close(self) -> None:
        """Closes the files; consumers are closed by their owners."""
        with self._opening:
            files: list[TopicFile | Readers] = [*self._files.values(), *self._groups.values()]
            self._files, self._groups = {}, {}
        for file in files:
            file.close()


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a topic or a group: letters, digits, dot, dash and underscore")
    return name
