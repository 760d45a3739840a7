"""What is long is never held whole: segments are streamed, files read in batches. Sized down; bench/ has the rest."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from preferences.imports import jobs
from preferences.models import ImportBatch, Segment, User
from preferences.segments import members, page, size, walking

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

USERS = 6_000
MB = 1024**2


def peak_of(work: Callable[[], Any]) -> float:
    """The most that `work` held at a time, in MB."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()


@pytest.fixture
def many(monkeypatch) -> None:
    monkeypatch.setattr(walking, "STREAM_CHUNK", 100)
    monkeypatch.setattr(walking, "KEYS_A_COUNT", 500)
    User.objects.bulk_create(User(user_id=f"u{n}", locale="de" if n % 2 else "en") for n in range(USERS))
    Segment.objects.create(name="german", condition={"locales": ["de"]})


def test_a_segment_is_listed_without_ever_being_held(many):
    assert len(list(members("german"))) == USERS // 2  # warms up what is made once

    one_list = peak_of(lambda: list(members("german")))
    streamed = peak_of(lambda: sum(1 for _ in members("german")))

    assert streamed < one_list / 2
    assert streamed < 1


def test_a_count_over_ranges_is_exact_and_pages_meet_everybody_once(many):
    User.objects.filter(user_id__in=[f"u{n}" for n in range(1, 2_000, 2)]).delete()
    left = USERS // 2 - 1_000

    met: list[str] = []
    after = 0
    while found := page("german", after=after, limit=700):
        met += [member.user_id for member in found]
        after = found[-1].key

    assert size("german") == len(met) == len(set(met)) == left


class Endless(io.RawIOBase):
    """A file that makes its lines as they are read, and counts how far it was read."""

    def __init__(self, lines: int) -> None:
        self._made = self._make(lines)
        self._rest = b""

    def _make(self, lines: int) -> Iterator[bytes]:
        yield b"id,email,plan\n"
        for n in range(lines):
            yield b"usr_%d,user%d@example.com,pro\n" % (n, n)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and (line := next(self._made, None)) is not None:
            self._rest += line
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def test_a_long_file_is_read_in_batches_in_the_same_memory_as_one_half_as_long():
    def read(lines: int) -> None:
        job = jobs.upload("people.csv", by="tess")
        assert jobs.read_in(job, Endless(lines)).rows == lines
        assert ImportBatch.objects.filter(of=job).count() == lines // jobs.ROWS_A_BATCH

    read(1_000)
    half, whole = peak_of(lambda: read(20_000)), peak_of(lambda: read(40_000))

    assert whole < half * 1.3
    assert whole < 8
