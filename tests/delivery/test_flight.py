"""A flight: order kept, halves after a death, poison only for a batch of one that killed two workers (contract §9)."""

from __future__ import annotations

from delivery.flight import Flight
from notifications.log.port import LogRecord, TopicPartition

TOPIC = "notifications.raw"


def records(*offsets: int, partition: int = 3) -> list[LogRecord]:
    return [LogRecord(TOPIC, partition, offset, "usr_1", b"{}", {}, 0) for offset in offsets]


def offsets(flight: Flight) -> list[list[int]]:
    return [[record.offset for record in part.records] for part in flight.parts]


def test_a_flight_commits_after_its_last_record_of_each_partition():
    flight = Flight.of(TOPIC, [*records(4, 5), *records(9, partition=7)], ())
    assert flight.offsets == {TopicPartition(TOPIC, 3): 6, TopicPartition(TOPIC, 7): 10}


def test_a_flight_is_settled_when_its_only_part_is():
    flight = Flight.of(TOPIC, records(1, 2), ())
    assert flight.settle() is True


def test_a_worker_that_died_halves_the_batch_and_keeps_the_order():
    flight = Flight.of(TOPIC, records(1, 2, 3, 4, 5), ())
    assert flight.blame() is None
    assert offsets(flight) == [[1, 2], [3, 4, 5]]
    assert all(part.repeat for part in flight.parts)
    assert flight.settle() is False
    assert offsets(flight) == [[3, 4, 5]]


def test_only_a_single_record_that_killed_two_workers_is_poison():
    flight = Flight.of(TOPIC, records(1, 2), ())
    assert flight.blame() is None  # the batch of two
    assert flight.blame() is None  # record 1, first death
    poison = flight.blame()  # record 1, second death
    assert poison is not None
    assert [record.offset for record in poison.records] == [1]
    assert offsets(flight) == [[2]]


def test_a_lost_partition_is_no_longer_ours_to_commit():
    flight = Flight.of(TOPIC, [*records(4), *records(9, partition=7)], ())
    flight.lose([TopicPartition(TOPIC, 3)])
    assert flight.offsets == {TopicPartition(TOPIC, 7): 10}


def test_what_belongs_to_others_now_is_not_sent_again():
    flight = Flight.of(TOPIC, [*records(4), *records(9, partition=7)], ())
    flight.blame()
    flight.lose([TopicPartition(TOPIC, 3)])
    assert flight.keep_owned() is True
    assert offsets(flight) == [[9]]
    flight.lose([TopicPartition(TOPIC, 7)])
    assert flight.keep_owned() is False


def test_a_batch_sent_again_is_marked_as_a_repeat():
    flight = Flight.of(TOPIC, records(1), ())
    assert flight.part.repeat is False
    flight.repeat_later()
    assert flight.part.repeat is True
