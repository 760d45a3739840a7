"""What only the embedded engine can meet: a full disk, a stopped writer, a moved clock."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event, Thread

import pytest
import time_machine

from foundation.clock import now_ms
from foundation.errors import LogUnavailable
from notifications.log.embedded import EmbeddedLog, files
from notifications.log.embedded.files import Turn
from notifications.log.embedded.writing import GroupCommit
from notifications.log.port import Message
from tests.notifications.log.members import until

MEGABYTE = 1 << 20


@pytest.fixture
def bounded(tmp_path: Path):
    log = EmbeddedLog(tmp_path, lease_s=1, handover_s=1, max_bytes=MEGABYTE)
    log.create_topics({"t": 4})
    yield log
    log.close()


def blob(n: int) -> Message:
    return Message("t", f"user-{n}", n.to_bytes(4, "big") + b"x" * 20_000)


def fill(log: EmbeddedLog, records_a_call: int) -> int:
    """Produces until the log is full; how many records it took."""
    taken = 0
    while True:
        try:
            log.produce([blob(taken + n) for n in range(records_a_call)])
        except LogUnavailable:
            return taken
        taken += records_a_call


def test_a_full_log_refuses_whole_calls_and_recovers(bounded: EmbeddedLog) -> None:
    taken = fill(bounded, records_a_call=2)

    assert taken > 10
    assert sum(bounded.end_offsets("t").values()) == taken
    with pytest.raises(LogUnavailable, match="full"):
        bounded.produce([blob(taken)])
    assert bounded.delete_before(now_ms() + 1) == taken

    bounded.produce([blob(0)])

    assert sum(bounded.end_offsets("t").values()) == taken + 1
    assert sum(bounded.begin_offsets("t").values()) == taken


def test_everything_kept_is_whole_after_the_disk_was_full(bounded: EmbeddedLog, tmp_path: Path) -> None:
    taken = fill(bounded, records_a_call=1)

    ends = bounded.end_offsets("t")
    values = {r.value[:4] for p, end in ends.items() for r in bounded.read("t", p, 0, end)}

    assert values == {n.to_bytes(4, "big") for n in range(taken)}
    with sqlite3.connect(tmp_path / "topics" / "t.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_writer_that_was_stopped_makes_others_fail_and_not_hang(
    bounded: EmbeddedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "WRITE_WAIT_S", 0.1)
    with Turn(tmp_path / "topics" / "t.sqlite3"), pytest.raises(LogUnavailable, match="doesn't go on"):
        bounded.produce([blob(1)])

    bounded.produce([blob(1)])

    assert sum(bounded.end_offsets("t").values()) == 1


def test_time_never_goes_back_within_a_topic(bounded: EmbeddedLog) -> None:
    with time_machine.travel(2_000_000_000, tick=False):
        bounded.produce([Message("t", "ann", b"1")])
    bounded.produce([Message("t", "ann", b"2")])

    stamps = [r.timestamp for p, end in bounded.end_offsets("t").items() for r in bounded.read("t", p, 0, end)]

    assert stamps == [2_000_000_000_000] * 2


def test_calls_that_come_during_a_write_share_the_next_one() -> None:
    started, go_on = Event(), Event()
    written: list[list[int]] = []

    def write(items: list[int]) -> None:
        written.append(items)
        started.set()
        go_on.wait(5)

    commit = GroupCommit(write)
    first = Thread(target=commit.submit, args=(0,))
    first.start()
    started.wait(5)

    others = [Thread(target=commit.submit, args=(n,)) for n in range(1, 6)]
    for other in others:
        other.start()
    until(lambda: len(commit._queue) == 5, "five calls wait")
    go_on.set()
    for thread in [first, *others]:
        thread.join(5)

    assert written[0] == [0]
    assert sorted(written[1]) == [1, 2, 3, 4, 5]
    assert len(written) == 2


def test_a_failed_write_fails_every_call_in_it_and_no_later_one() -> None:
    fails = [True, False]

    def write(items: list[int]) -> None:
        if fails.pop(0):
            raise LogUnavailable("full")

    commit = GroupCommit(write)
    with pytest.raises(LogUnavailable, match="full"):
        commit.submit(1)
    commit.submit(2)
