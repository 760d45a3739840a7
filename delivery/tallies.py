"""Counters of what was tracked, for metrics: kept in Redis, one round trip a batch.

A view, not a record: a wiped Redis starts them anew (metrics expect that of counters), what may be a repeat isn't
counted. The exact figures are the ledger's and the audit's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from foundation.redis import Unreachable, get_redis, key
from notifications.records import Decision, Outcome, Receipt, Report
from notifications.status import DEFERRED, DROPPED

_DECIDED = {"drop": DROPPED, "defer": DEFERRED}

Tally = tuple[str, str, str]


def count(reports: Iterable[Report]) -> None:
    """Adds `reports` to the counters. A Redis that is away forgets them."""
    tallies = Counter(tally for report in reports for tally in _tallies(report))
    if not tallies:
        return
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for tally, number in tallies.items():
                pipe.hincrby(key("tallies"), "\x1f".join(tally), number)
            pipe.execute()
    except Unreachable:
        return


def totals() -> dict[Tally, int]:
    """The counters by (channel, status, reason). Raises redis.ConnectionError."""
    kept: dict[bytes, bytes] = get_redis().hgetall(key("tallies"))  # type: ignore[assignment]
    found = {}
    for name, number in kept.items():
        channel, status, reason = name.decode().split("\x1f")
        found[channel, status, reason] = int(number)
    return found


def _tallies(report: Report) -> Iterable[Tally]:
    if isinstance(report, Outcome):
        yield report.channel, report.status, report.reason or report.error
    elif isinstance(report, Receipt):
        yield report.channel, report.status, ""
    elif isinstance(report, Decision):
        for verdict in report.channels:
            if verdict.verdict in _DECIDED:
                yield verdict.channel, _DECIDED[verdict.verdict], verdict.reason
