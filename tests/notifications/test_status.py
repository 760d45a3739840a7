"""The table of statuses: total, and never going back (contract §5)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import status as words
from notifications.store.port import LogEntry
from notifications.topology import CHANNELS

channels = st.sampled_from(CHANNELS)
statuses = st.sampled_from(words.STATUSES)
sends = st.sampled_from(["", "phone", "tablet"])


def cell(channel: str, status: str, send: str = "phone", attempt: int = 1, at: int = 0) -> LogEntry:
    rank = words.rank(channel, status)
    return LogEntry(id="n", user="u", channel=channel, send=send, attempt=attempt, status=status, rank=rank, at=at)


@st.composite
def histories(draw: st.DrawFn) -> list[LogEntry]:
    channel = draw(channels)
    one = st.builds(
        cell, st.just(channel), statuses, sends, st.integers(1, 4), st.integers(-(10**13), 10**13)
    )  # clocks may stand anywhere
    return draw(st.lists(one, min_size=1, max_size=12))


def test_every_pair_of_statuses_has_its_transition_on_every_channel():
    pairs = {(channel, a, b) for channel in CHANNELS for a in words.STATUSES for b in words.STATUSES}
    assert set(words.TRANSITIONS) == pairs
    assert {words.ledger_bucket(status) for status in words.STATUSES} == set(words.LEDGER_BUCKETS)


@pytest.mark.parametrize(
    ("channel", "way"),
    [
        ("in_app", ["pending", "sent", "delivered", "read"]),
        ("push", ["pending", "sent", "delivered", "opened"]),
        ("email", ["pending", "sent", "delivered", "opened", "clicked"]),
        ("email", ["pending", "sent", "delivered", "bounced"]),
        ("email", ["pending", "sent", "delivered", "opened", "complained"]),
        ("sms", ["pending", "sent", "delivered"]),
        ("sms", ["pending", "sent", "undelivered"]),
        ("push", ["pending", "deferred", "attempting", "failed", "parked", "dropped", "sent"]),
    ],
)
def test_the_contracts_ways_go_forward(channel: str, way: list[str]):
    for old, new in itertools.pairwise(way):
        assert words.TRANSITIONS[channel, old, new] == new
        assert words.TRANSITIONS[channel, new, old] == new


@given(histories(), st.randoms(use_true_random=False))
def test_the_status_is_the_same_in_any_order_and_with_any_repeats(history: list[LogEntry], random):
    channel = history[0].channel
    again = history + random.choices(history, k=5)
    random.shuffle(again)
    assert words.fold(again) == words.fold(history)
    assert words.delivery_status(channel, again) == words.delivery_status(channel, history)


@given(histories())
def test_a_status_never_goes_back_whatever_comes_late(history: list[LogEntry]):
    channel, reached, delivered = history[0].channel, 0, 0
    for heard in range(1, len(history) + 1):
        now = words.rank(channel, words.fold(history[:heard]))
        whole = words.rank(channel, words.delivery_status(channel, history[:heard], ["phone", "tablet"]))
        assert now >= reached
        assert whole >= delivered
        reached, delivered = now, whole


@given(histories())
def test_what_was_sent_wins_over_what_was_dropped_or_parked(history: list[LogEntry]):
    channel = history[0].channel
    history = [*history, cell(channel, "sent"), cell(channel, "dropped"), cell(channel, "parked", send="")]
    assert words.was_sent(words.fold(history))
    assert words.ledger_bucket(words.delivery_status(channel, history)) == "delivered"


def test_a_delivery_is_open_while_one_of_its_sends_is():
    given_two = [cell("push", "dropped", "phone"), cell("push", "failed", "tablet")]
    assert words.delivery_status("push", given_two) == "failed"
    assert words.delivery_status("push", [*given_two, cell("push", "parked", "")]) == "parked"
    assert words.delivery_status("push", [given_two[0]], ["phone", "tablet"]) == "pending"


def test_an_unknown_word_is_refused():
    with pytest.raises(KeyError):
        words.rank("push", "teleported")
