"""The embedded log goes away and comes back: its folder is taken from it, as when a disk is lost from a machine."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from notifications.log import get_log


class Outage:
    """Between `begin` and `end` the log neither takes nor gives anything; what it had is there afterwards."""

    def __init__(self) -> None:
        self._folder = Path(settings.LOG_OPTIONS["folder"])
        self._elsewhere = self._folder.with_name(self._folder.name + ".away")

    def begin(self) -> None:
        get_log().close()
        self._folder.rename(self._elsewhere)

    def end(self) -> None:
        if self._elsewhere.exists():
            self._elsewhere.rename(self._folder)
