"""The spool itself: what is acknowledged is there, in order, whatever kills its process; who owns it; its bound."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foundation.errors import LogUnavailable
from notifications.log.port import Message
from notifications.spool import file, owners
from notifications.spool.owners import adopt, has_owner, take_slot

CRITICAL, RAW = "notifications.critical", "notifications.raw"


@contextmanager
def running(folder: Path, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.notifications.spool.programs", program, str(folder), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout
        process.stdout.close()


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[owners.Owned]:
    mine = take_slot(tmp_path, "node-a", max_bytes=0)
    yield mine
    mine.release()


def line(id: str, topic: str = CRITICAL, value: bytes = b"{}") -> tuple[str, Message]:
    return id, Message(topic, "usr", value, {"repeat": "1"} if id == "again" else None)


def ids(spool: file.SpoolFile) -> list[str]:
    return [line.id for line in file.read(spool.path)]


def test_lines_come_back_in_order_as_they_were(owned: owners.Owned):
    owned.file.put([line("one", value=b"\x00\xff"), line("again", RAW)])
    owned.file.put([line("two")])
    one, again, two = file.read(owned.file.path)
    assert (one.id, one.message, one.done) == ("one", Message(CRITICAL, "usr", b"\x00\xff", None), False)
    assert again.message == Message(RAW, "usr", b"{}", {"repeat": "1"})
    assert one.number < again.number < two.number
    assert one.at > 0


def test_what_the_direct_way_did_stays_until_it_is_on_the_log(owned: owners.Owned):
    owned.file.put([line("one"), line("other", RAW), line("two"), line("three")])
    one, _, two, _ = file.read(owned.file.path)
    owned.file.settle(CRITICAL, two.number + 1)
    assert [line.id for line in owned.file.lines(CRITICAL, limit=9, undone=True)] == ["three"]
    assert [line.done for line in owned.file.lines(CRITICAL, limit=9)] == [True, True, False]
    assert [line.id for line in owned.file.lines(CRITICAL, after=one.number, limit=1)] == ["two"]
    assert file.standing(owned.file.path) == file.Standing(4, 2, one.at, 2)
    owned.file.remove([one.number, two.number])
    assert ids(owned.file) == ["other", "three"]
    assert owned.file.topics() == {RAW, CRITICAL}


def test_numbers_only_grow_also_when_it_was_empty(owned: owners.Owned):
    owned.file.put([line("one")])
    first = next(file.read(owned.file.path)).number
    owned.file.remove([first])
    owned.file.put([line("two")])
    assert next(file.read(owned.file.path)).number > first


def test_a_full_spool_takes_nothing_more_and_keeps_what_it_has(tmp_path: Path):
    mine, kept = take_slot(tmp_path, "node-a", max_bytes=200_000), 0

    def fill() -> None:
        nonlocal kept
        for kept in range(1_000):
            mine.file.put([line(str(kept), value=b"x" * 5_000)])

    with pytest.raises(LogUnavailable):
        fill()
    assert 10 < kept < 40
    assert ids(mine.file) == [str(n) for n in range(kept)]
    mine.file.remove([line.number for line in file.read(mine.file.path)])
    mine.file.put([line("there is room again")])
    mine.release()


def test_threads_share_commits_and_lose_nothing(owned: owners.Owned):
    def put(thread: int) -> None:
        for n in range(20):
            owned.file.put([line(f"{thread}-{n}")])

    threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ids(owned.file)
    assert len(found) == 160
    for thread in range(8):
        assert [id for id in found if id.startswith(f"{thread}-")] == [f"{thread}-{n}" for n in range(20)]


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int):
    with running(tmp_path, "put_forever", "4") as writer:
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(acknowledged)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
        told += writer.stdout.readlines()
    (path,) = owners.spools(tmp_path)
    assert not has_owner(path)
    left = adopt(path)
    assert left is not None
    found = ids(left.file)
    whole = [words for words in told if words.endswith("\n")]
    assert {id for words in whole for id in words.split()} <= set(found)
    assert len(found) == len(set(found))
    for thread in range(4):
        numbers = [int(id.split("-")[1]) for id in found if id.startswith(f"{thread}-")]
        assert numbers == list(range(len(numbers)))  # in order, without a gap, no call by halves
        assert len(numbers) % 3 == 0
    left.file.put([line("it goes on")])
    assert ids(left.file)[-1] == "it goes on"
    left.release()


def test_a_torn_end_is_skipped(tmp_path: Path):
    with running(tmp_path, "own", "5") as owner:
        assert owner.stdout
        owner.stdout.readline()
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait(10)
    (path,) = owners.spools(tmp_path)
    log = path.with_name(path.name + "-wal")
    whole = log.read_bytes()
    log.write_bytes(whole + whole[32 : 32 + 3_000])  # a frame that was begun
    assert [each.id for each in file.read(path)] == [f"n{n}" for n in range(5)]
    left = adopt(path)
    assert left is not None
    left.file.put([line("more")])
    assert ids(left.file) == [*(f"n{n}" for n in range(5)), "more"]
    left.release()


class TestOwners:
    def test_each_process_has_a_slot_and_a_restarted_one_finds_its_lines(self, tmp_path: Path, owned: owners.Owned):
        with running(tmp_path, "own", "2") as other:
            assert other.stdout
            assert other.stdout.readline() == "node-a.1\n"
            assert has_owner(tmp_path / "node-a.1.sqlite3")
            assert adopt(tmp_path / "node-a.1.sqlite3") is None
        again = take_slot(tmp_path, "node-a", max_bytes=0)
        assert again.file.name == "node-a.1"
        assert ids(again.file) == ["n0", "n1"]
        again.release()

    def test_another_process_may_look_while_it_is_written(self, tmp_path: Path):
        with running(tmp_path, "own", "3") as owner:
            assert owner.stdout
            owner.stdout.readline()
            (path,) = owners.spools(tmp_path)
            assert [each.id for each in file.read(path, batch=2)] == ["n0", "n1", "n2"]
            assert file.find(path, "n1") == Message(CRITICAL, "u", b"{}", None)
            assert file.find(path, "n9") is None
            assert file.standing(path).rows == 3

    def test_names_say_node_and_slot(self):
        assert owners.node_and_slot(Path("web-1.example.com.12.sqlite3")) == ("web-1.example.com", "12")
        assert owners.plain("a/b c") == "a_b_c"

    def test_a_folder_that_cannot_be_used_is_said_at_once(self, tmp_path: Path):
        (tmp_path / "spool").write_text("a file")
        with pytest.raises(LogUnavailable):
            take_slot(tmp_path / "spool", "node-a", max_bytes=0)
