"""Counters of what was tracked, for metrics: kept in Redis, one round trip a batch.

A view, not a record: a wiped Redis starts them anew (metrics expect that of counters), what may be a repeat isn't
counted. The exact figures are the ledger's and the audit's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from foundation import minutes
from foundation.clock import now_ms
from foundation.redis import Unreachable, get_redis, key
from notifications.records import Decided, Decision, Outcome, Receipt, Report
from notifications.status import DEFERRED, DROPPED

_DECIDED = {"drop": DROPPED, "defer": DEFERRED}

SLOT_MS, SLOTS = 10_000, 6

Tally = tuple[str, str, str]


def count(reports: Iterable[Report]) -> None:
    """Adds `reports` to the counters. A Redis that is away forgets them."""
    found = [each for report in reports for each in _tallies(report)]
    if not found:
        return
    tallies = Counter(tally for tally, _, _ in found)
    _by_minute(found)
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for tally, number in tallies.items():
                pipe.hincrby(key("tallies"), "\x1f".join(tally), number)
            slot = _slot(now_ms())
            pipe.incrby(slot, tallies.total())
            pipe.pexpire(slot, (SLOTS + 2) * SLOT_MS)
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


def per_second(at: int) -> float:
    """Outcomes a second, over the last whole minute before `at` (ms). Raises redis.ConnectionError."""
    client: Any = get_redis()
    counts = client.mget([_slot(at - place * SLOT_MS) for place in range(1, SLOTS + 1)])
    return round(sum(int(count or 0) for count in counts) * 1_000 / (SLOTS * SLOT_MS), 1)


def _slot(at: int) -> str:
    return key("tallied", str(at // SLOT_MS))


def _by_minute(found: Sequence[tuple[Tally, str, str]]) -> None:
    """For the dashboard: the same with the provider's account, and ids to open."""
    fields = [(("told", *tally, account), id) for tally, account, id in found]
    minutes.add(Counter(field for field, _ in fields))
    minutes.sample([each for each in fields if each[1]])


def _tallies(report: Report) -> Iterable[tuple[Tally, str, str]]:
    """What a report counts as, over which account, and whose id it is."""
    if isinstance(report, Outcome):
        yield (report.channel, report.status, report.reason or report.error), report.provider, report.id
    elif isinstance(report, Receipt):
        yield (report.channel, report.status, ""), report.provider, report.id
    elif isinstance(report, Decided):
        for group in report.groups:
            if group.verdict in _DECIDED:
                tally = (group.channel, _DECIDED[group.verdict], group.reason)
                yield from [(tally, "", "")] * len(group.keys)
    elif isinstance(report, Decision):
        for verdict in report.channels:
            if verdict.verdict in _DECIDED:
                yield (verdict.channel, _DECIDED[verdict.verdict], verdict.reason), "", report.id
