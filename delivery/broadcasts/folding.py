"""From reports to news for the ledgers: who stands under which word now. Pure (decision 21)."""

from __future__ import annotations

from collections.abc import Iterable

from pyroaring import BitMap

from foundation.identifiers import broadcast_of
from notifications import status
from notifications.broadcasts import ledger
from notifications.broadcasts.book import Place
from notifications.records import Decided, Outcome, Receipt, Report

VERDICT_STATUS = {"send": status.PENDING, "drop": status.DROPPED, "defer": status.DEFERRED}
# Why is told for what didn't arrive; for what did, how far it is.
_WITH_REASON = frozenset({status.DROPPED, status.PARKED, status.DEFERRED})

Heard = dict[tuple[str, str, str], list[int]]
"""(broadcast, channel, word) → numeric keys"""


def news_of(reports: Iterable[Report]) -> dict[Place, dict[str, BitMap]]:
    """What `reports` say of broadcasts, by ledger row; those of single notifications are skipped."""
    heard: Heard = {}
    for report in reports:
        if isinstance(report, Decided):
            for group in report.groups:
                word = _word(VERDICT_STATUS[group.verdict], group.reason)
                heard.setdefault((report.broadcast, group.channel, word), []).extend(group.keys)
        elif isinstance(report, Outcome | Receipt):
            _one(report, heard)
    return _by_chunk(heard)


def _one(report: Outcome | Receipt, heard: Heard) -> None:
    found = broadcast_of(report.id)
    if found is None:
        return
    broadcast, key = found
    said = status.MEANING.get((report.channel, report.status))
    if said is not None:  # else the tracker quarantines the record
        reason = (report.reason or report.error) if isinstance(report, Outcome) else ""
        heard.setdefault((broadcast, report.channel, _word(said, reason)), []).append(key)


def _word(said: str, reason: str) -> str:
    return ledger.word(said, reason if said in _WITH_REASON else "")


def _by_chunk(heard: Heard) -> dict[Place, dict[str, BitMap]]:
    news: dict[Place, dict[str, BitMap]] = {}
    for (broadcast, channel, word), keys in heard.items():
        chunks: dict[int, list[int]] = {}
        for key in keys:
            chunk, bit = ledger.place(key)
            chunks.setdefault(chunk, []).append(bit)
        for chunk, bits in chunks.items():
            news.setdefault((broadcast, channel, chunk), {})[word] = BitMap(bits)
    return news
