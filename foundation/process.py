"""This process as operators see it: its name, the error it logged last, and when its loop last turned."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from foundation.clock import now_ms

STALLED_S = 15.0  # a loop that hasn't turned for this long hangs; a log that is away holds it for less
_APPLICATIONS = {"config.asgi": "web", "channels_app.gateway": "gateway"}


@dataclass
class Pulse:
    """When the process's loop turned last: whoever runs it calls `beat`."""

    last: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        self.last = time.monotonic()

    def age_s(self) -> float:
        """Seconds since the last turn."""
        return time.monotonic() - self.last


@dataclass
class LastError:
    """The last line of level error and above, without its values."""

    at: int = 0
    text: str = ""

    def note(self, text: str) -> None:
        self.at, self.text = now_ms(), text[:200]


pulse = Pulse()
last_error = LastError()


def name_of(argv: Sequence[str]) -> str:
    """A process's name by its command line: "web", "gateway", "beat", a bridge's member, a worker's name."""
    words = list(argv)
    for word in words:
        application = word.partition(":")[0]
        if application in _APPLICATIONS:
            return _APPLICATIONS[application]
    if "worker" in words:
        return (_after(words, "-n") or _after(words, "--hostname") or "worker").partition("@")[0]
    if "beat" in words:
        return "beat"
    if PurePath(words[0]).name == "manage.py" and len(words) > 1:
        return (_after(words, "--member") if words[1] == "bridge" else "") or words[1]
    program = PurePath(words[0])
    return program.parent.name if program.stem == "__main__" else program.stem or "python"


def _after(words: Sequence[str], option: str) -> str:
    """The word after `option`, "" without it."""
    place = words.index(option) + 1 if option in words else len(words)
    return words[place] if place < len(words) else ""


def identity(host: str) -> str:
    """What tells this process from every other that is alive."""
    return f"{host}:{os.getpid()}"
