"""What a soak draws."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.faults.matrix import KILLS, OURS, SERVERS
from tests.faults.soak import AFTER_S, COMING_BACK_S, TOGETHER, WARM_S, drawn, every_kill


def test_a_seed_draws_the_same_again():
    assert drawn(random.Random(7), 600) == drawn(random.Random(7), 600) != drawn(random.Random(8), 600)


def test_faults_leave_time_to_warm_up_and_to_settle_and_never_meet_on_one_target():
    plan = drawn(random.Random(1), 1_200)
    assert len(plan) > 20
    assert min(one.at for one in plan) >= WARM_S
    assert max(one.at + one.fault.seconds for one in plan) <= 1_200 - AFTER_S
    for number, one in enumerate(plan):
        overlapping = [other for other in plan[:number] if other.at + other.fault.seconds + COMING_BACK_S > one.at]
        assert len(overlapping) < TOGETHER
        assert one.fault.target not in {other.fault.target for other in overlapping}


@pytest.mark.parametrize("seed", range(20))
def test_three_minutes_hold_every_kill_and_never_two_servers_at_a_time_nor_two_of_ours(seed):
    plan = every_kill(random.Random(seed), 180)
    assert plan == every_kill(random.Random(seed), 180)
    assert {one.fault for one in plan} >= set(KILLS)
    assert len(plan) == len(KILLS) + 6
    assert max(one.at + one.fault.seconds for one in plan) <= 180 - AFTER_S
    for group in (SERVERS, OURS):
        of_group = [one for one in plan if one.fault.target in group]
        for one, next_one in itertools.pairwise(of_group):
            assert one.at + one.fault.seconds + COMING_BACK_S <= next_one.at + 1e-6


def test_a_time_too_short_for_every_kill_is_refused():
    with pytest.raises(ValueError, match="too short"):
        every_kill(random.Random(1), 100)
