"""Pure: how partitions and polls are divided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifications.log.embedded.assignment import fair_counts
from notifications.log.shares import fair_shares


def test_the_left_over_stays_with_those_who_hold_it() -> None:
    assert fair_counts({1: 2, 2: 3}, 5) == {1: 2, 2: 3}
    assert fair_counts({1: 0, 2: 0}, 5) == {1: 3, 2: 2}
    assert fair_counts({}, 5) == {}


@given(held=st.dictionaries(st.integers(), st.integers(0, 50), min_size=1, max_size=8), partitions=st.integers(0, 64))
def test_counts_are_even_and_cover_everything(held: dict[int, int], partitions: int) -> None:
    counts = fair_counts(held, partitions)

    assert sum(counts.values()) == partitions
    assert max(counts.values()) - min(counts.values()) <= 1


def test_what_some_leave_goes_to_others() -> None:
    assert fair_shares([2, 100, 100], 50) == [2, 24, 24]
    assert fair_shares([5, 5, 5], 2) == [1, 1, 0]


@given(available=st.lists(st.integers(1, 100), min_size=1, max_size=20), total=st.integers(1, 500))
def test_shares_use_all_there_is_and_starve_nobody(available: list[int], total: int) -> None:
    shares = fair_shares(available, total)

    assert sum(shares) == min(total, sum(available))
    assert all(share <= there for share, there in zip(shares, available, strict=True))
    if total >= len(available):
        assert min(shares) >= 1
