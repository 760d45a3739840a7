"""The log is back: the spool's lines are produced in order, marked as repeats, and removed once they are durable there.

A process killed between the two produces them again: they are marked, so nothing comes of it. What went the direct way
goes too: routing finds its outcome in the store, tells the log of it, and leaves it at that (delivery/known.py).
"""

from __future__ import annotations

from foundation.clock import now_ms
from notifications import idempotency
from notifications.log.port import Log, Message
from notifications.records import HEADER_REPEAT
from notifications.spool.file import Line, SpoolFile

LINES_A_CALL = 500
BYTES_A_CALL = 4 * 1024 * 1024


def bring(spool: SpoolFile, topic: str, log: Log, *, calls: int) -> bool:
    """Up to `calls` portions of the lines of `topic` onto the log; whether none is left. Raises LogUnavailable."""
    for _ in range(calls):
        lines = _portion(spool.lines(topic, limit=LINES_A_CALL))
        if not lines:
            return True
        # By its id an event is looked for around the time it was drawn, and it comes to the log much later.
        idempotency.note_again([line.id for line in lines], now=now_ms())
        log.produce([_marked(line.message) for line in lines])
        spool.remove([line.number for line in lines])
    return not spool.lines(topic, limit=1)


def _portion(lines: list[Line]) -> list[Line]:
    size = 0
    for count, line in enumerate(lines, 1):
        size += len(line.message.value)
        if size >= BYTES_A_CALL:
            return lines[:count]
    return lines


def _marked(message: Message) -> Message:
    return message._replace(headers={**(message.headers or {}), HEADER_REPEAT: "1"})
