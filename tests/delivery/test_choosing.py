"""Choosing an account: by table what operators write down, by hypothesis what must hold whatever they write."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.choosing import choose
from delivery.providers.accounts import Account

KEYS = [f"send-{n}" for n in range(2_000)]


def account(name: str, *, order: int = 0, weight: int = 1) -> Account:
    return Account(name=name, provider="webhook", channel="sms", rate=0, order=order, weight=weight)


@pytest.mark.parametrize(
    ("accounts", "shares", "parts"),
    [
        ([account("a")], {}, {"a": 1}),
        ([account("a"), account("b", order=1)], {}, {"a": 1}),
        ([account("a"), account("b", order=1)], {"a": 0}, {"b": 1}),
        ([account("a"), account("b", order=1)], {"a": 0.25}, {"a": 0.25, "b": 0.75}),
        ([account("a"), account("b")], {}, {"a": 0.5, "b": 0.5}),
        ([account("a", weight=3), account("b")], {}, {"a": 0.75, "b": 0.25}),
        ([account("a"), account("b")], {"a": 0.5}, {"a": 0.25, "b": 0.75}),
        ([account("a"), account("b", weight=0)], {}, {"a": 1}),
        ([account("a"), account("b", weight=0)], {"a": 0}, {"b": 1}),
        ([account("a"), account("b"), account("c", order=1)], {"a": 0, "b": 0.5}, {"b": 0.5, "c": 0.5}),
    ],
)
def test_traffic_is_divided_as_written_down(accounts, shares, parts):
    counts = Counter(choose(accounts, shares, key) for key in KEYS)
    assert set(counts) == set(parts)
    for name, part in parts.items():
        assert counts[name] / len(KEYS) == pytest.approx(part, abs=0.05)


def test_where_all_are_shut_there_is_none():
    assert choose([account("a"), account("b", order=1)], {"a": 0, "b": 0}, "send") is None
    assert choose([], {}, "send") is None


def test_who_did_not_take_it_gets_it_again_only_where_no_other_can():
    both = [account("a"), account("b", order=1)]
    assert choose(both, {}, "send", without=("a",)) == "b"
    assert choose(both, {"b": 0}, "send", without=("a",)) == "a"


shares = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
written = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=5).map(
    lambda rows: [account(f"a{place}", order=order, weight=weight) for place, (order, weight) in enumerate(rows)]
)


@given(written, st.data())
def test_whoever_is_chosen_takes_sends_and_is_always_the_same(accounts, data):
    known = {each.name: data.draw(shares) for each in accounts}
    without = data.draw(st.sets(st.sampled_from([each.name for each in accounts])))
    chosen = choose(accounts, known, "send", without=without)
    assert chosen == choose(list(reversed(accounts)), known, "send", without=without)
    able = {name for name, share in known.items() if share > 0}
    assert chosen in able if able else chosen is None
    if able - without:
        assert chosen not in without


@given(written, st.data(), st.text(max_size=8))
def test_an_account_that_loses_share_moves_no_send_of_the_others(accounts, data, key):
    """But for sends nobody keeps: those go to the first there is, in any case."""
    known = {each.name: data.draw(st.floats(0.01, 1)) for each in accounts} | {"safe": 1.0}
    accounts = [*accounts, account("safe", order=9)]
    before = choose(accounts, known, key)
    loser = data.draw(st.sampled_from([each.name for each in accounts if each.name != "safe"]))
    after = choose(accounts, known | {loser: known[loser] * data.draw(st.floats(0, 1))}, key)
    assert before in (after, loser)
