"""Trace context (W3C, https://www.w3.org/TR/trace-context/): one line of text that follows an event to its outcomes.

A caller's `traceparent` travels in the headers of the log's records, unchanged: nothing here opens spans of its own.
Where a caller brings none, a trace is started without a byte being written: its id is the notification's own (32 hex
digits of `notif_…`), which whoever holds a record can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

SHOWN = 5  # notifications a log line names of its batch
SAMPLED = 1
_FORM = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
_NO_TRACE, _NO_PARENT = "0" * 32, "0" * 16

Named = Iterable[tuple[str, str]]
_work: ContextVar[Callable[[], Named] | None] = ContextVar("work", default=None)


def accept_traceparent(header: str | None) -> str:
    """The header as it is handed on; "" for none and for a malformed one, which the standard says to ignore.

    A later version is read as far as it is known, and handed on as version 00 with the flag that is known of it.
    """
    found = _FORM.match(header.strip()) if header else None
    if found is None or not header:
        return ""
    version, trace, parent, flags = found.groups()
    rest = header.strip()[found.end() :]
    if version == "ff" or trace == _NO_TRACE or parent == _NO_PARENT:
        return ""
    if version == "00":
        return "" if rest else found[0]
    return f"00-{trace}-{parent}-{int(flags, 16) & SAMPLED:02x}" if rest[:1] in ("", "-") else ""


def trace_id(traceparent: str, notification_id: str) -> str:
    """The 32 hex digits a trace is found by: the caller's, else the notification's own."""
    return traceparent[3:35] or notification_id.partition("_")[2]


@contextmanager
def working_on(named: Callable[[], Named]) -> Iterator[None]:
    """Log lines written in this block name what is worked on.

    `named` gives (notification id, traceparent) and is only called when a line is written.
    """
    token = _work.set(named)
    try:
        yield
    finally:
        _work.reset(token)


def name_work(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: the first few notifications and traces of the current work."""
    named = _work.get()
    if named is None:
        return event
    pairs = list(islice(named(), SHOWN))
    if pairs:
        event.setdefault("notifications", [notification for notification, _ in pairs])
        event.setdefault("traces", list(dict.fromkeys(trace_id(trace, notification) for notification, trace in pairs)))
    return event
