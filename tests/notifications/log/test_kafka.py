"""What only the Kafka engine can meet: a broker that is away, a queue that is full, a process that was stopped."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from foundation.errors import LogUnavailable, PoisonRecord
from notifications.log.kafka import KafkaLog, marks
from notifications.log.kafka.consumer import KafkaConsumer
from notifications.log.kafka.cursors import FULL_RECORDS, Cursor
from notifications.log.kafka.health import AWAY_AFTER_S
from notifications.log.kafka.membership import FETCH_WAIT_MS, Membership
from notifications.log.kafka.options import MAX_RECORD_BYTES
from notifications.log.partitioner import partition_for
from notifications.log.port import Log, LogRecord, Message, TopicPartition
from tests.notifications.log.conftest import HANDOVER_S, LEASE_S, Engine
from tests.notifications.log.members import Member, until

ONLY_KAFKA = pytest.mark.parametrize("engine", ["kafka"], indirect=True)
HANDOVER_MS = int(HANDOVER_S * 1000)
SOON_S = 2.5


def place(offset: int, size: int = 1) -> LogRecord:
    return LogRecord("t", 0, offset, "ann", b"x" * size, {}, 0)


class TestMarks:
    """Pure: what a new owner reads in the last commit."""

    def waits(self, mark: str, *, lost_at: int | None = None) -> int:
        return marks.not_before(mark, "me/1", now=10_000, lost_at=lost_at, handover_ms=HANDOVER_MS)

    def test_nothing_committed_and_released_need_no_wait(self) -> None:
        assert self.waits("") == 0
        assert self.waits(marks.RELEASED) == 0

    def test_held_by_another_or_by_an_earlier_process_of_this_name_waits(self) -> None:
        assert self.waits(marks.held("you/1")) == 10_000 + HANDOVER_MS
        assert self.waits(marks.held("me/0"), lost_at=9_000) == 10_000 + HANDOVER_MS

    def test_what_this_very_consumer_had_waits_from_when_it_lost_it(self) -> None:
        assert self.waits(marks.held("me/1"), lost_at=9_000) == 9_000 + HANDOVER_MS
        assert self.waits(marks.held("me/1")) == 10_000 + HANDOVER_MS


def test_a_cursor_passes_over_what_comes_again_and_says_when_it_is_full() -> None:
    cursor = Cursor(TopicPartition("t", 0), 5, 0)
    for offset in (4, 5, 6, 5, 7):
        cursor.put(place(offset))

    assert [record.offset for record in cursor.take(2, 100)] == [5, 6]
    assert (cursor.given, cursor.clean, cursor.full, cursor.low) == (7, False, False, True)
    for offset in range(8, 8 + FULL_RECORDS):
        cursor.put(place(offset))
    assert cursor.full


@pytest.fixture
def nobody() -> Iterator[KafkaLog]:
    """A log whose brokers are away: nothing listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        log = KafkaLog(
            bootstrap=f"127.0.0.1:{taken.getsockname()[1]}",
            prefix="",
            replication=1,
            min_isr=1,
            retention_ms=1_000,
            timeout_s=5.0,
            queue_max=100,
            lease_s=LEASE_S,
            handover_s=HANDOVER_S,
            options={},
        )
        yield log
        log.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda log: log.produce([Message("t", "ann", b"1")]),
        lambda log: log.topics(),
        lambda log: log.committed("readers", "t"),
    ],
    ids=["produce", "topics", "committed"],
)
def test_with_no_broker_calls_fail_soon_and_then_at_once(nobody: KafkaLog, call: Callable[[Log], object]) -> None:
    start = time.monotonic()
    with pytest.raises(LogUnavailable):
        call(nobody)
    assert time.monotonic() - start < SOON_S

    def at_once() -> bool:
        begun = time.monotonic()
        with pytest.raises(LogUnavailable):
            call(nobody)
        return time.monotonic() - begun < 0.05

    until(at_once, "a call fails at once")


def test_a_consumer_without_brokers_neither_blocks_nor_raises(nobody: KafkaLog) -> None:
    consumer = nobody.consumer("readers", ["t"], "a")
    start = time.monotonic()
    for _ in range(20):
        assert consumer.assignment_changes().assigned == {}
        assert consumer.poll(10, 1_000) == []
    consumer.close()

    assert time.monotonic() - start < 3


@ONLY_KAFKA
def test_partitions_are_those_of_our_own_partitioner(log: Log) -> None:
    keys = ["", "a", "Jürgen", "用户-1", "k" * 300, *(f"usr_{n}" for n in range(200))]
    log.produce([Message("many", key, b"x") for key in keys])

    found = {r.key: r.partition for p, end in log.end_offsets("many").items() for r in log.read("many", p, 0, end)}

    assert found == {key: partition_for(key, 16) for key in keys}


@ONLY_KAFKA
def test_a_record_that_no_topic_takes_is_poison_and_a_large_one_passes(log: Log) -> None:
    with pytest.raises(PoisonRecord, match="more than a record"):
        log.produce([Message("few", "ann", b"x" * (MAX_RECORD_BYTES + 1))])

    log.produce([Message("few", "ann", b"x" * (MAX_RECORD_BYTES // 2))])

    assert [len(record.value) for record in log.read("few", 0, 0, 1)] == [MAX_RECORD_BYTES // 2]


@ONLY_KAFKA
def test_a_full_queue_refuses_and_recovers(engine: Engine, log: Log) -> None:
    narrow = engine.open(queue_max=10)

    with pytest.raises(LogUnavailable, match="under way"):
        narrow.produce([Message("some", f"user-{n}", b"x") for n in range(1_000)])

    until(lambda: _takes(narrow), "the queue has room again")


def _takes(log: Log) -> bool:
    try:
        log.produce([Message("some", "ann", b"x")])
    except LogUnavailable:
        return False
    return True


@ONLY_KAFKA
def test_a_paused_partition_s_backlog_is_neither_held_in_memory_nor_lost(log: Log, join: Callable[..., Member]) -> None:
    member = join("a", "few").own(1)
    only = TopicPartition("few", 0)
    member.consumer.pause([only])
    count = 3 * FULL_RECORDS
    for start in range(0, count, 4_000):
        log.produce([Message("few", "ann", str(start + n).encode()) for n in range(4_000)])
    until(lambda: member.look() and member.consumer.fetched >= FULL_RECORDS, "enough has come")
    for _ in range(50):
        member.look()
        assert member.read() == []
    assert member.consumer.fetched < 2 * FULL_RECORDS

    member.consumer.resume([only])
    records = member.read_all(count)

    assert [record.offset for record in records] == list(range(count))


@ONLY_KAFKA
def test_a_process_that_was_stopped_gives_out_nothing_it_lost(
    engine: Engine, log: Log, join: Callable[..., Member]
) -> None:
    zombie = engine.start("work", "some", "zombie")
    assert zombie.stdout is not None
    assert zombie.stdout.readline() == "assigned 4\n"
    zombie.send_signal(signal.SIGSTOP)
    heir = join("heir").own(4)
    assert all(0 < wait <= HANDOVER_MS for wait in heir.waits())
    log.produce([Message("some", f"user-{n}", b"x") for n in range(40)])
    heir.holds = True

    zombie.send_signal(signal.SIGCONT)

    assert zombie.stdout.readline() == "revoked 4\n"
    assert len(heir.read_all(40)) == 40


@ONLY_KAFKA
def test_a_commit_that_had_no_answer_keeps_nobody_from_being_given_partitions(
    log: KafkaLog, join: Callable[..., Member]
) -> None:
    log._health.silent("a commit has no answer")
    time.sleep(AWAY_AFTER_S)

    assert join("a").own(4)


@ONLY_KAFKA
def test_what_comes_while_a_commit_waits_is_given_out_once_and_all(
    log: Log, join: Callable[..., Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    member = join("a").own(4)
    fill = [Message("some", f"user-{n}", b"x") for n in range(40)]
    log.produce(fill)
    records = member.read_all(40)
    answer, waits = Membership._answer_to, iter(range(12))
    late = lambda self, offsets: None if next(waits, None) is not None else answer(self, offsets)  # noqa: E731
    monkeypatch.setattr(Membership, "_answer_to", late)
    log.produce(fill)
    came: list[int] = []
    collect = KafkaConsumer._collect

    def counting(self: KafkaConsumer) -> None:
        came.append(len(self._group._came))
        collect(self)

    monkeypatch.setattr(KafkaConsumer, "_collect", counting)
    time.sleep(FETCH_WAIT_MS / 1_000 * 3)  # they lie ready at the client, and nobody has looked

    member.commit_read(records)

    assert len(member.read_all(40)) == 40
    assert 0 < max(came) <= 40


@ONLY_KAFKA
def test_who_was_fenced_by_a_process_of_his_name_comes_back_when_that_is_gone(join: Callable[..., Member]) -> None:
    first = join("a").own(4)
    second = join("a").own(4)
    until(lambda: first.look() and not first.owned, "the first is shut out")

    second.consumer.close()

    first.own(4)


@ONLY_KAFKA
def test_a_backlog_that_was_lost_with_its_partition_comes_again(log: Log, join: Callable[..., Member]) -> None:
    """The client remembers beyond an assignment that enough had come."""
    member = join("a", "few").own(1)
    member.consumer.pause([TopicPartition("few", 0)])
    count = FULL_RECORDS + 1_000
    log.produce([Message("few", "ann", str(n).encode()) for n in range(count)])
    until(lambda: member.look() and member.consumer.fetched >= FULL_RECORDS, "enough has come")

    time.sleep(LEASE_S + 0.2)
    until(lambda: member.look().revoked, "it slept, and lost it")
    member.own(1)

    assert [record.offset for record in member.read_all(count)] == list(range(count))
