"""How far the last owner's batch may have reached: those records are marked, however few of them a poll gives."""

from __future__ import annotations

from typing import Any

from delivery.served_topic import CLOCKS_DIFFER_MS, ServedTopic, Unproven
from notifications.log.port import LogRecord, TopicPartition

TOPIC = "notifications.push"
ASSIGNED, MOST = 1_000_000, 500
PLACE = TopicPartition(TOPIC, 3)


def served() -> ServedTopic:
    nobody: Any = None
    return ServedTopic(TOPIC, nobody, unproven={PLACE: Unproven(assigned=ASSIGNED)})


def records(first: int, count: int, *, at: int = ASSIGNED, partition: int = 3) -> list[LogRecord]:
    return [LogRecord(TOPIC, partition, first + n, "usr_1", b"{}", {}, at) for n in range(count)]


def test_small_batches_are_marked_until_a_whole_one_is_passed():
    topic = served()
    for first in (70, 80, 569):
        assert topic.may_be_repeats(records(first, 10), MOST) == {PLACE}
    assert topic.may_be_repeats(records(570, 10), MOST) == set()
    assert topic.may_be_repeats(records(580, 10), MOST) == set()


def test_what_was_appended_after_the_assignment_nobody_had_before():
    topic = served()
    assert topic.may_be_repeats(records(70, 1, at=ASSIGNED + CLOCKS_DIFFER_MS), MOST) == {PLACE}
    assert topic.may_be_repeats(records(71, 1, at=ASSIGNED + CLOCKS_DIFFER_MS + 1), MOST) == set()
    assert topic.may_be_repeats(records(72, 1, at=ASSIGNED), MOST) == set()


def test_only_partitions_that_were_not_given_up_cleanly_are_marked():
    assert served().may_be_repeats([*records(1, 5), *records(1, 5, partition=4)], MOST) == {PLACE}


def test_a_partition_that_is_lost_again_is_forgotten():
    topic = served()
    topic.forget([PLACE])
    assert topic.may_be_repeats(records(70, 1), MOST) == set()


class TestGathering:
    """notifications.push gathers for 100 ms after a batch."""

    def test_at_rest_nothing_waits(self):
        assert not took(at=1_000).gathers(1_101)

    def test_after_a_small_batch_records_wait_for_company(self):
        assert took(at=1_000).gathers(1_099)

    def test_they_wait_longer_while_a_batch_is_under_way(self):
        topic = took(at=1_000, flights=1)
        assert topic.gathers(1_249)
        assert not topic.gathers(1_250)

    def test_after_a_large_batch_they_go_at_once(self):
        topic = took(at=1_000, flights=1)
        topic.large = True
        assert not topic.gathers(1_001)


def took(*, at: int, flights: int = 0) -> ServedTopic:
    topic = served()
    topic.took_at, topic.flights = at, flights
    return topic
