"""Reports onto `notifications.delivery`: many in a record, all of one partition (contract §3).

A record's key is the id of its first notification. So a partition holds everything about a notification, in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from foundation.identifiers import is_of_broadcast
from notifications.log.partitioner import partition_for
from notifications.log.port import Message
from notifications.records import Attempting, Report, headers
from notifications.topology import DELIVERY, TOPICS

HEADER_LEDGER = "ledger"
RECORD_REPORTS = 200
RECORD_BYTES = 256 * 1024

_PARTITIONS = TOPICS[DELIVERY].partitions
_encode = msgspec.json.Encoder().encode
_Encoded = tuple[str, bytes]
_UNTRACED: Mapping[str, str] = {}


def produce(reports: Sequence[Report], *, repeat: bool = False, traces: Mapping[str, str] = _UNTRACED) -> None:
    """Makes `reports` durable on the log in one call. Raises LogUnavailable: then some may be there (at-least-once)."""
    from notifications.log import get_log

    if reports:
        get_log().produce(messages(reports, repeat=repeat, traces=traces))


def messages(
    reports: Iterable[Report], *, repeat: bool = False, traces: Mapping[str, str] = _UNTRACED
) -> list[Message]:
    """`reports` as records of up to RECORD_REPORTS reports or RECORD_BYTES (a greater one goes alone), order kept.

    `repeat` marks the records as possible repeats (design.md, "What keeps it exact"). `traces` has trace contexts by
    notification id; a record, which tells of many, carries that of the first it has one for.
    """
    partitions: dict[int, list[_Encoded]] = defaultdict(list)
    for report in reports:
        if isinstance(report, Attempting):
            _split(report, partitions)
        else:
            partitions[partition_for(report.id, _PARTITIONS)].append((report.id, _encode(report)))
    return [
        Message(DELIVERY, block[0][0], _record(block), _marks(block, repeat, _trace_of(block, traces)))
        for encoded in partitions.values()
        for block in _blocks(encoded)
    ]


def _split(report: Attempting, partitions: Mapping[int, list[_Encoded]]) -> None:
    """A burst touches many notifications: each partition gets its own rows, at most RECORD_REPORTS at once."""
    rows: dict[int, list[tuple[str, str, str, str, int]]] = defaultdict(list)
    for row in report.rows:
        rows[partition_for(row[0], _PARTITIONS)].append(row)
    for partition, its in rows.items():
        for start in range(0, len(its), RECORD_REPORTS):
            part = its[start : start + RECORD_REPORTS]
            partitions[partition].append((part[0][0], _encode(Attempting(rows=part, at=report.at))))


def _blocks(encoded: Sequence[_Encoded]) -> Iterator[list[_Encoded]]:
    block: list[_Encoded] = []
    size = 0
    for one in encoded:
        if block and (len(block) == RECORD_REPORTS or size + len(one[1]) > RECORD_BYTES):
            yield block
            block, size = [], 0
        block.append(one)
        size += len(one[1])
    if block:
        yield block


def _marks(block: Sequence[_Encoded], repeat: bool, trace: str) -> Mapping[str, str] | None:
    """Its headers, with HEADER_LEDGER where it tells of a broadcast: who keeps the ledger decodes no other record."""
    marks = headers(repeat=repeat, trace=trace)
    if not any(is_of_broadcast(one[0]) for one in block):
        return marks
    return {**(marks or {}), HEADER_LEDGER: "1"}


def _trace_of(block: Sequence[_Encoded], traces: Mapping[str, str]) -> str:
    return next((traces[one[0]] for one in block if one[0] in traces), "") if traces else ""


def _record(block: Sequence[_Encoded]) -> bytes:
    """The JSON of `Reports`, put together from reports that are encoded once."""
    return b'{"reports":[' + b",".join([one[1] for one in block]) + b"]}"
