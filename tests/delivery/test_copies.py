"""What a producer appended twice without knowing is marked, so that nobody gets it twice."""

from __future__ import annotations

from delivery.copies import COPIED_WITHIN_MS, Copies
from notifications.log.port import LogRecord
from notifications.records import HEADER_REPEAT

TOPIC = "notifications.email"


def record(offset: int, value: bytes, *, at: int = 1_000, partition: int = 3, **headers: str) -> LogRecord:
    return LogRecord(TOPIC, partition, offset, "usr_1", value, headers, at)


def marked(records: list[LogRecord]) -> list[int]:
    return [each.offset for each in records if HEADER_REPEAT in each.headers]


def test_a_copy_is_marked_in_the_same_poll_and_in_a_later_one():
    copies = Copies()
    first = copies.mark([record(1, b"a"), record(2, b"b"), record(3, b"a", at=3_000)])
    later = copies.mark([record(4, b"c", at=4_000), record(5, b"b", at=5_000)])
    assert [each.offset for each in first] == [1, 2, 3]
    assert (marked(first), marked(later)) == ([3], [5])


def test_it_keeps_its_other_headers():
    (copy,) = (copies := Copies()).mark([record(1, b"a")]) and copies.mark([record(2, b"a", trace="00-1")])
    assert copy.headers == {"trace": "00-1", HEADER_REPEAT: "1"}


def test_partitions_are_kept_apart_and_forgotten_when_they_go():
    copies = Copies()
    copies.mark([record(1, b"a")])
    assert marked(copies.mark([record(1, b"a", partition=4)])) == []
    copies.forget([3])
    assert marked(copies.mark([record(2, b"a")])) == []


def test_what_was_read_long_ago_takes_no_memory():
    copies = Copies()
    copies.mark([record(number, b"%d" % number, at=number) for number in range(1_000)])
    copies.mark([record(1_000, b"new", at=500 + COPIED_WITHIN_MS)])
    assert len(copies._read[3]) == 501
