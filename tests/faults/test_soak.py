"""What a soak draws."""

from __future__ import annotations

import random

from tests.faults.matrix import STOP, STOPS
from tests.faults.soak import AFTER_S, COMING_BACK_S, TOGETHER, WARM_S, drawn


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


def test_it_draws_among_those_it_is_given():
    plan = drawn(random.Random(3), 600, STOPS)
    assert {one.fault.kind for one in plan} == {STOP}
