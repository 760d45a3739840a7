"""The port's promise to producers: durable when it returns, in order within a partition, or an error."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from threading import Thread

import pytest

from foundation.clock import now_ms
from foundation.errors import LogUnavailable
from notifications.log.partitioner import partition_for
from notifications.log.port import Log, LogRecord, Message
from tests.notifications.log.conftest import Engine
from tests.notifications.log.members import until

BOBS = partition_for("bob", 8)


def everything(log: Log, topic: str) -> list[LogRecord]:
    return [record for p, end in log.end_offsets(topic).items() for record in log.read(topic, p, 0, end)]


def values(records: Iterable[LogRecord]) -> list[str]:
    return [record.value.decode() for record in records]


def test_what_was_produced_is_read_by_another_handle(engine: Engine, log: Log) -> None:
    before = now_ms()
    log.produce([Message("some", "ann", b"\x00\xff", {"traceparent": "00-1"}), Message("some", "Jürgen", b"")])

    first, second = sorted(everything(engine.open(), "some"), key=lambda record: record.key, reverse=True)

    assert (first.key, first.value, dict(first.headers)) == ("ann", b"\x00\xff", {"traceparent": "00-1"})
    assert (second.key, second.value, dict(second.headers)) == ("Jürgen", b"", {})
    assert first.partition == partition_for("ann", 4)
    assert before <= first.timestamp <= now_ms()


def test_offsets_are_dense_and_follow_the_order_of_a_key(log: Log) -> None:
    for call in range(5):
        log.produce([Message("many", f"user-{n % 40}", f"{call:03}-{n:03}".encode()) for n in range(200)])

    records = everything(log, "many")

    assert len(records) == 1_000
    for partition in range(16):
        mine = [record for record in records if record.partition == partition]
        assert [record.offset for record in mine] == list(range(len(mine)))
        for key in {record.key for record in mine}:
            of_key = values(record for record in mine if record.key == key)
            assert of_key == sorted(of_key)


def test_one_call_may_go_to_several_topics(log: Log) -> None:
    log.produce([Message(topic, "ann", topic.encode()) for topic in ("few", "some", "many", "few")])

    assert [len(everything(log, topic)) for topic in ("few", "some", "many")] == [2, 1, 1]


def test_nothing_goes_to_a_topic_that_is_not_there(log: Log) -> None:
    with pytest.raises(LogUnavailable, match=r"manage\.py topics --create"):
        log.produce([Message("some", "ann", b"1"), Message("nowhere", "ann", b"2")])

    assert everything(log, "some") == []


def test_a_large_call_is_taken_whole_and_in_order(log: Log) -> None:
    log.produce([Message("few", "ann", f"{n:04}".encode() + b"x" * 60_000) for n in range(100)])

    assert [record.value[:4] for record in everything(log, "few")] == [f"{n:04}".encode() for n in range(100)]


def test_threads_share_writes_and_lose_nothing(log: Log) -> None:
    def post(thread: int) -> None:
        for n in range(30):
            log.produce([Message("some", f"key-{thread}", f"{thread}:{n:02}".encode())])

    threads = [Thread(target=post, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = everything(log, "some")
    assert len(records) == 12 * 30
    for n in range(12):
        assert values(r for r in records if r.key == f"key-{n}") == [f"{n}:{m:02}" for m in range(30)]


def test_processes_produce_into_the_same_partition(engine: Engine, log: Log) -> None:
    writers = [engine.start("produce", "few", f"writer-{n}", 100) for n in range(3)]
    assert [writer.wait(20) for writer in writers] == [0, 0, 0]

    records = everything(log, "few")

    assert [record.offset for record in records] == list(range(600))
    for n in range(3):
        own = values(record for record in records if record.key == f"writer-{n}")
        assert own == [f"writer-{n}:{m}" for m in range(200)]


def test_what_was_acknowledged_outlives_a_killed_producer(engine: Engine, log: Log) -> None:
    for _ in range(3):
        producer = engine.start("produce_forever", "some")
        assert producer.stdout is not None
        acknowledged = [number for _ in range(30) for number in producer.stdout.readline().split()]
        producer.send_signal(signal.SIGKILL)
        acknowledged += producer.stdout.read().split()
        assert set(acknowledged) <= set(values(everything(engine.open(), "some")))

    log.produce([Message("some", "ann", b"the log goes on")])
    assert "the log goes on" in values(everything(log, "some"))


def test_a_grown_topic_takes_records_of_a_producer_that_knew_it_small(engine: Engine, log: Log) -> None:
    log.produce([Message("few", "ann", b"before")])
    engine.open().grow_topic("few", 8)
    until(lambda: log.produce([Message("few", "bob", b"before")]) or log.end_offsets("few").get(BOBS), "it is noticed")

    log.produce([Message("few", f"user-{n}", b"after") for n in range(50)])

    assert log.topics()["few"] == 8
    for record in everything(log, "few"):
        assert record.value == b"before" or record.partition == partition_for(record.key, 8)


def test_creating_again_changes_nothing(log: Log) -> None:
    log.produce([Message("some", "ann", b"1")])

    log.create_topics({"some": 2, "few": 3, "new": 5})

    assert log.topics() == {"few": 1, "many": 16, "new": 5, "some": 4}
    assert values(everything(log, "some")) == ["1"]
