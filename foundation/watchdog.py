"""A process whose loop hangs ends itself, and its supervisor starts another: for what no time-out of ours can bound.

A call into librdkafka may never return: two of its own threads can wait for one another when a broker's connection ends
while a partition's epoch is being asked for (https://github.com/confluentinc/librdkafka/issues/5476, open; seen in a
soak). Ending like that is a kill, which everything lives through (contract §9).

The waiting is the standard library's `faulthandler`: a thread of C, which needs nothing of what may hang.
"""

from __future__ import annotations

import faulthandler
import time

HANGS_AFTER_S = 30.0
"""Twice what a log that is away may hold a loop for (`foundation.process.STALLED_S`)."""
FED_EVERY_S = 1.0


class Watchdog:
    """Ends the process, with every thread's stack on stderr, once it hasn't been fed for `hangs_after_s`.

    There is one in a process. One that was stopped for longer (SIGSTOP) ends when it goes on: its leases are over.
    """

    def __init__(self, hangs_after_s: float = HANGS_AFTER_S) -> None:
        self._hangs_after_s = hangs_after_s
        self._fed = float("-inf")

    def feed(self) -> None:
        """The loop turns. Cheap: call it in every turn."""
        now = time.monotonic()
        if now - self._fed >= FED_EVERY_S:
            faulthandler.dump_traceback_later(self._hangs_after_s, exit=True)
            self._fed = now

    def rest(self) -> None:
        """Nothing is watched any more: the loop is over."""
        faulthandler.cancel_dump_traceback_later()
