"""Positions, fairness, retention and the looks from outside a group."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from foundation.clock import now_ms
from notifications.log.port import Log, Message, TopicPartition
from tests.notifications.log.members import Member, until

Join = Callable[..., Member]
ONLY = TopicPartition("few", 0)


def fill(log: Log, topic: str, count: int, size: int = 10) -> None:
    log.produce([Message(topic, f"user-{n}", f"{n}".encode().ljust(size)) for n in range(count)])


def append_later(log: Log, topic: str, text: str) -> int:
    """Appends in a later millisecond than everything before; that time (ms)."""
    start = now_ms()
    until(lambda: now_ms() > start, "the next millisecond")
    log.produce([Message(topic, "ann", text.encode())])
    return start + 1


def test_a_poll_gives_each_record_once(log: Log, join: Join) -> None:
    member = join("a").own(4)
    fill(log, "some", 300)
    member.awaits(300)

    first, second, third = member.read(200), member.read(200), member.read(200)

    assert (len(first), len(second), third) == (200, 100, [])
    assert len({(r.partition, r.offset) for r in first + second}) == 300


def test_a_poll_is_full_and_takes_evenly_from_the_partitions_it_serves(log: Log, join: Join) -> None:
    member = join("a", "many").own(16)
    fill(log, "many", 3_000)
    member.awaits(3_000)

    counts = Counter(record.partition for record in member.read(160))

    assert sum(counts.values()) == 160
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_partition_waits_for_ever_behind_others(log: Log, join: Join) -> None:
    member = join("a", "many").own(16)
    fill(log, "many", 1_000)
    member.awaits(1_000)

    served = Counter(record.partition for _ in range(16) for record in member.read(2))

    assert len(served) == 16
    assert set(served.values()) == {2}


def test_a_poll_ends_at_its_bytes_but_a_large_record_gets_through(log: Log, join: Join) -> None:
    member = join("a", "few").own(1)
    log.produce([Message("few", "ann", b"x" * size) for size in (400, 400, 400, 5_000, 400)])
    member.awaits(5)

    polls = [[len(record.value) for record in member.read(size=1_000)] for _ in range(3)]

    assert polls == [[400, 400, 400], [5_000], [400]]


def test_paused_partitions_rest_and_go_on_where_they_were(log: Log, join: Join) -> None:
    member = join("a").own(4)
    fill(log, "some", 400)
    first = member.awaits(400).read(40)
    paused = TopicPartition("some", first[0].partition)
    member.consumer.pause([paused])

    others = member.read(1_000) + member.read(1_000)
    member.consumer.resume([paused])
    rest = member.read(1_000)

    assert paused.partition not in {record.partition for record in others}
    assert {record.partition for record in rest} == {paused.partition}
    assert len(first + others + rest) == 400
    mine = [record.offset for record in first + rest if record.partition == paused.partition]
    assert mine == list(range(len(mine)))


def test_reading_starts_at_what_was_committed(log: Log, join: Join) -> None:
    fill(log, "few", 30)
    member = join("a", "few").own(1).awaits(30)
    member.commit_read(member.read(12))
    member.read(5)
    member.consumer.close()

    again = join("b", "few").own(1).awaits(18).read()

    assert [record.offset for record in again] == list(range(12, 30))


def test_lag_is_what_is_not_committed(log: Log, join: Join) -> None:
    fill(log, "few", 30)
    assert log.committed("readers", "few") == {0: 0}
    member = join("a", "few").own(1).awaits(30)

    member.commit_read(member.read(12))

    assert log.committed("readers", "few") == {0: 12}
    assert log.end_offsets("few") == {0: 30}
    assert log.committed("others", "few") == {0: 0}


def test_groups_don_t_share_offsets(log: Log, join: Join) -> None:
    fill(log, "few", 10)
    member = join("a", "few").own(1)
    member.commit_read(member.read_all(10))

    other = Member(log.consumer("archive", ["few"], "a"), "archivist").own(1)

    assert len(other.read_all(10)) == 10
    other.leave_quietly()


def test_a_range_is_streamed(log: Log) -> None:
    fill(log, "few", 2_500, size=2_000)

    offsets = [record.offset for record in log.read("few", 0, 700, 2_200)]

    assert offsets == list(range(700, 2_200))
    assert list(log.read("few", 0, 2_500, 2_500)) == []


def test_an_offset_is_found_by_its_time(log: Log) -> None:
    fill(log, "few", 10)
    times = [append_later(log, "few", f"{n}") for n in range(20)]

    found = [log.offset_at("few", at)[0] for at in times]

    assert found == list(range(10, 30))
    assert log.offset_at("few", 0) == {0: 0}
    assert log.offset_at("few", now_ms() + 60_000) == {0: 30}


def test_retention_takes_the_old_and_leaves_offsets_as_they_are(log: Log, join: Join) -> None:
    fill(log, "few", 10)
    cut = append_later(log, "few", "kept")

    assert log.delete_before(cut) == 10

    assert (log.begin_offsets("few"), log.end_offsets("few")) == ({0: 10}, {0: 11})
    assert log.committed("readers", "few") == {0: 10}
    assert log.offset_at("few", 0) == {0: 10}
    assert [r.offset for r in log.read("few", 0, 0, 11)] == [10]
    assert [r.value for r in join("a", "few").own(1).read_all(1)] == [b"kept"]


def test_a_log_that_retention_emptied_goes_on(log: Log, join: Join) -> None:
    fill(log, "few", 10)
    assert log.delete_before(now_ms() + 1_000) == 10
    member = join("a", "few").own(1)
    assert member.read() == []

    fill(log, "few", 2)

    assert [record.offset for record in member.read_all(2)] == [10, 11]
    assert log.begin_offsets("few") == {0: 10}


def test_retention_overtakes_a_slow_reader(log: Log, join: Join) -> None:
    member = join("a", "few").own(1)
    fill(log, "few", 10)
    cut = append_later(log, "few", "kept")
    log.delete_before(cut)

    # What was fetched before may come first.
    until(lambda: 10 in [record.offset for record in member.read_all(1)], "the record that was kept")


def test_an_idle_poll_is_cheap(join: Join) -> None:
    """The bridge polls a dozen topics every few milliseconds (settings, BRIDGE_POLL_MS)."""
    member = join("a", "many").own(16)
    member.read()

    start = time.process_time()
    for _ in range(500):
        member.read()

    assert (time.process_time() - start) / 500 < 100e-6
