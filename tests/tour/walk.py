"""The tour from its first page to its last: docs/tour.md tells it, this walks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tour import asking, sending, writing
from tests.tour.staff import Staff

STEPS: tuple[Callable[[Staff], None], ...] = (
    writing.make_the_type,
    writing.write_the_words,
    writing.publish,
    sending.build_the_segment,
    sending.propose_the_broadcast,
    sending.approve,
    sending.steer,
    asking.ask_on_the_broadcast,
    asking.ask_on_the_person,
)


def walk(
    browser: Any,
    *,
    url: str,
    password: str,
    pictures: Path | None = None,
    tell: Callable[[str], object] = lambda said: None,
) -> list[str]:
    """Walks it on the demo at `url`; what went wrong in a page on the way ([] is right).

    Raises playwright's TimeoutError where the way ends; `tell` hears of each step and its seconds.
    """
    staff = Staff(browser, url=url, password=password, pictures=pictures)
    try:
        for step in STEPS:
            started = time.monotonic()
            step(staff)
            tell(f"{step.__name__:24} {time.monotonic() - started:5.1f} s")
        return staff.troubles
    finally:
        staff.close()
