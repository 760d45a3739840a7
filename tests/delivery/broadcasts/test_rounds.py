"""round_robin: every piece of a window touches all partitions alike; every recipient is in it once (contract §7)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from delivery.broadcasts.rounds import messages, round_robin, window_size
from foundation.identifiers import broadcast_of
from notifications.broadcasts.models import Broadcast
from notifications.log.partitioner import partition_for
from notifications.records import MAX_RECIPIENTS, Event, decode

USERS = {key: f"usr_{key}" for key in range(4_000)}
SEATS = round_robin(USERS, 32, 4)
ROW = Broadcast(id="bc_0199f2d1c0de7000a1b2c3", type="news", priority="normal", data={"title": "Hi"})


@given(st.integers(0, 1_500), st.integers(32, 1_000))
def test_each_piece_goes_to_all_partitions_alike(start, size):
    shares = Counter(partition for partition, _, _ in SEATS[start : start + size])
    assert max(shares.values()) - min(shares[p] for p in range(32)) <= 4


def test_everybody_is_in_it_once_and_always_in_the_same_place():
    seats = round_robin(USERS, 32, 10)
    assert sorted(key for _, key, _ in seats) == sorted(USERS)
    assert seats == round_robin(dict(reversed(USERS.items())), 32, 10)


def test_records_hold_at_most_a_thousand_of_one_partition():
    found = messages(ROW, None, round_robin(USERS, 2, 50), channels=["in_app"], at=1_000, repeat=False)
    events = [decode(Event, message.value) for message in found]
    assert sum(len(event.recipients) for event in events) == len(USERS)
    for message, event in zip(found, events, strict=True):
        assert len(event.recipients) <= MAX_RECIPIENTS
        assert {partition_for(one.user, 2) for one in event.recipients} == {partition_for(message.key, 2)}
        assert all(broadcast_of(one.id) == (ROW.pk, int(one.user[4:])) for one in event.recipients)
        assert message.headers == {"recipients": str(len(event.recipients))}


def test_the_same_round_again_is_the_same_but_for_its_mark():
    seats = round_robin(USERS, 2, 50)
    first, again = (messages(ROW, None, seats, channels=["in_app"], at=1_000, repeat=r) for r in (False, True))
    assert [(m.key, m.value) for m in first] == [(m.key, m.value) for m in again]
    assert all(message.headers and message.headers["repeat"] for message in again)


def test_a_window_is_no_longer_than_ten_seconds():
    assert (window_size(0, 32_000), window_size(1_000, 32_000), window_size(10, 32_000)) == (32_000, 10_000, 1_000)
