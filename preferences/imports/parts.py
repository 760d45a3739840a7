"""A file that lies in the control plane in pieces, read as one stream: every process can go on with it."""

from __future__ import annotations

import io

from preferences.models import ImportPart, PeopleImport

PART_BYTES = 1024 * 1024


class Parts(io.RawIOBase):
    """The pieces of an import's file, one after the other; one is held at a time."""

    def __init__(self, job: PeopleImport) -> None:
        self._job = job
        self._number = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            part = ImportPart.objects.filter(of=self._job, number=self._number).first()
            if part is None:
                return 0
            self._rest = memoryview(bytes(part.content))
            self._number += 1
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
