"""The stack's servers as the bench sees them: their processes, and what is on their disks."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stack.servers import Stack


class Servers:
    """The servers of `stack`; none where the platform is embedded."""

    def __init__(self, stack: Stack | None) -> None:
        self._stack = stack

    @property
    def there(self) -> bool:
        """Whether there are any."""
        return self._stack is not None

    def pids(self) -> dict[str, int]:
        """The pid of each server by its name."""
        return {name: self._stack.pid(name) for name in self._stack.names()} if self._stack else {}

    def topic_bytes(self, prefix: str) -> dict[str, int]:
        """Bytes on the first broker's disk by topic, without `prefix`."""
        assert self._stack is not None
        found: dict[str, int] = {}
        for segment in (self._stack.folder / "kafka-1").rglob("*.log"):
            topic = segment.parent.name.rpartition("-")[0]
            if topic.startswith(prefix):
                name = topic.removeprefix(prefix)
                found[name] = found.get(name, 0) + segment.stat().st_size
        return found

    def store_bytes(self, keyspace: str) -> int:
        """Bytes of `keyspace` on the first Cassandra node's disk, once what is in memory is written out."""
        assert self._stack is not None
        subprocess.run(self._stack.nodetool("cassandra-1", ["flush", keyspace]), check=True, capture_output=True)
        return _bytes_under(self._stack.folder / "cassandra-1" / "data" / "data" / keyspace)


def _bytes_under(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
