"""The throttle: ±5 % over any 10 s, whatever rounds cost and however late the clock is looked at (contract §7)."""

from __future__ import annotations

import random

import pytest

from delivery.broadcasts.pacing import CATCH_UP_S, STEP_S, UNTHROTTLED, Pacer


def run(rates, seconds: float, *, cost: float = 0.01, late: float = 0.02, stop: tuple[float, float] = (-1, -1)):
    """[(when, how many)] of a simulated expander; `rates` is [(from when, rate)], in `stop` it may do nothing."""
    chance, pacer, now, out = random.Random(7), Pacer(), 1_000.0, []
    while now < 1_000 + seconds:
        rate = max((at, rate) for at, rate in rates if at <= now - 1_000)[1]
        wait = pacer.wait(rate, now)
        if stop[0] <= now - 1_000 < stop[1]:
            now += 0.25
        elif wait:
            now += wait + chance.random() * late
        else:
            count = pacer.most(rate, now)
            pacer.took(count, rate, now)
            now += cost
            out.append((now - 1_000, count))
    return out


def any_ten_seconds(out, start, end):
    """The least and the most of any 10 s between `start` and `end`."""
    found = []
    for tenth in range(int(start * 10), int((end - 10) * 10)):
        found.append(sum(count for at, count in out if tenth / 10 <= at < tenth / 10 + 10))
    return min(found), max(found)


@pytest.mark.parametrize("rate", [1, 7, 100, 1_234, 5_000, 50_000])
def test_any_ten_seconds_hold_the_rate(rate):
    least, most = any_ten_seconds(run([(0, rate)], 30), 1, 30)
    slack = max(0.05 * rate * 10, 1)
    assert rate * 10 - slack <= least <= most <= rate * 10 + slack


def test_another_rate_counts_at_once():
    out = run([(0, 100), (15, 1_000)], 40)
    least, most = any_ten_seconds(out, 15.2, 40)
    assert 9_500 <= least <= most <= 10_500


def test_a_slower_rate_counts_at_once():
    assert sum(count for at, count in run([(0, 10_000), (5, 10)], 10) if at >= 5) <= 10 * 5 + 10_000 * (
        STEP_S + CATCH_UP_S
    )


def test_what_a_backlog_cost_isnt_made_up_in_a_burst():
    out = run([(0, 1_000)], 40, stop=(10, 20))
    assert any_ten_seconds(out, 20, 40)[1] <= 10_500


def test_without_a_rate_rounds_are_full():
    assert (Pacer().most(0, 5.0), Pacer().wait(0, 5.0)) == (UNTHROTTLED, 0)


@pytest.mark.parametrize("cost", [0.05, 0.2, 0.35])
def test_rounds_that_take_long_are_larger_and_hold_the_rate_too(cost):
    least, most = any_ten_seconds(run([(0, 1_000)], 40, cost=cost), 1, 40)
    assert 9_500 <= least <= most <= 10_500
