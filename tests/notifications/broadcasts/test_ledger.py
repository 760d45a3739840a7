"""The ledger's fold: the same in any order, any number of times, by halves; exactly one word a recipient."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from notifications.broadcasts import ledger

WORDS = (
    "pending",
    "deferred:quiet_hours",
    "dropped:opted_out",
    "dropped:no_address",
    "parked:in_doubt",
    "sent",
    "read",
)
told = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 9)), max_size=30)


def words_of(pairs):
    found = {}
    for word, bit in pairs:
        found.setdefault(word, BitMap()).add(bit)
    return found


@given(told, st.randoms())
def test_the_order_and_the_number_of_times_say_nothing(pairs, shuffler):
    shuffled = [*pairs, *pairs]
    shuffler.shuffle(shuffled)
    half = len(shuffled) // 2
    by_halves = ledger.fold("in_app", ledger.fold("in_app", words_of(shuffled[:half])), words_of(shuffled[half:]))
    assert by_halves == ledger.fold("in_app", words_of(pairs))


@given(told)
def test_everybody_stands_under_one_word(pairs):
    kept = ledger.fold("in_app", words_of(pairs))
    assert sum(ledger.counts(kept).values()) == len({bit for _, bit in pairs})


def test_what_was_sent_wins_over_what_was_dropped_or_parked():
    kept = ledger.fold("email", words_of([("sent", 1), ("dropped:cancelled", 1), ("parked:exhausted", 1)]))
    assert ledger.word_of(kept, 1) == "sent"


def test_it_is_kept_as_it_was():
    words = words_of([("sent", 1), ("dropped:opted_out", 65_535)])
    assert ledger.decode(ledger.encode(words)) == words


def test_a_numeric_key_has_its_place():
    chunk, bit = ledger.place(30_000_017)
    assert list(ledger.keys(chunk, [bit])) == [30_000_017]
