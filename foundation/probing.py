"""Whether what a process needs can be reached: a word for each part, "ok" or why not."""

from __future__ import annotations

from collections.abc import Callable

from foundation.errors import PlatformError
from foundation.process import STALLED_S, pulse
from foundation.redis import Unreachable, get_redis

OK = "ok"
AWAY = (PlatformError, *Unreachable)


def probe(part: Callable[[], object]) -> str:
    """ "ok", or why `part` can't be reached."""
    try:
        part()
    except AWAY as error:
        return str(error) or type(error).__name__
    return OK


def redis() -> str:
    """Redis' word."""
    return probe(lambda: get_redis().ping())


def loop() -> str:
    """This process's own: whether its loop turns."""
    age = pulse.age_s()
    return OK if age < STALLED_S else f"its loop hasn't turned for {age:.0f} s"
