"""Time-stamps of rows where the first writer must win, though Cassandra's last one does.

A row's stamp is its own time `at` (ms, the same whoever writes it) in µs, less a microsecond for every millisecond that
the writer's moment is later. So of two writers of one row the earlier has the greater stamp; the moment can be read
back from it, without a column of its own; and yet stamps grow with time (to within seconds), as time-window compaction
and the dropping of expired files need them to.
"""

from __future__ import annotations

MS = 1_000
MAX_AT = 2**62


def first_wins(at: int, moment: int) -> int:
    """The stamp (µs) of a row of `at` written at `moment`; both ms."""
    return at * MS - (moment - at)


def moment_of(stamp: int, at: int) -> int:
    """The moment (ms) behind a stamp made by `first_wins`."""
    return at * MS + at - stamp
