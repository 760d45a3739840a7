"""Three brokers, three Cassandra nodes: each dies under load, others join, partitions move; nobody notices for long.

Started by `make test-cluster`: it takes minutes, and gigabytes of memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.chaos.test_roles import DELIVERY_QUEUES, another, bridge, worker
from tests.faults.arena import Arena, arena
from tests.faults.matrix import KILL, Fault
from tests.faults.rounds import Figures, Planned, play

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not os.environ.get("CLUSTER"), reason="make test-cluster starts its servers"),
]

WARM_S, EACH_S, AFTER_S = 8.0, 25.0, 10.0
SEED = int(os.environ.get("FAULT_SEED") or 1)
STAYS_S = 8.0
REFUSED_FOR_S = 10.0  # the longest a sender may have to try when one of three is lost


@pytest.fixture(scope="module")
def cluster() -> Iterator[Arena]:
    with arena(nodes=3) as made:
        yield made


def killed_in_turn(cluster: Arena, kind: str) -> Figures:
    plan = [Planned(WARM_S + EACH_S * at, Fault(f"{kind}-{at + 1}", KILL)) for at in range(3)]
    return play(cluster, f"each of {kind} killed", plan, seconds=WARM_S + 3 * EACH_S + AFTER_S, seed=SEED, tell=print)


def test_each_broker_killed_in_turn_refuses_nobody_for_long(cluster: Arena):
    figures = killed_in_turn(cluster, "kafka")
    assert figures.kept, figures
    assert max(figures.waited.values()) <= REFUSED_FOR_S, figures


def test_each_cassandra_node_killed_in_turn_is_not_noticed(cluster: Arena):
    figures = killed_in_turn(cluster, "cassandra")
    assert figures.kept, figures
    assert not figures.refused, figures


def test_a_bridge_and_workers_come_and_go_and_order_holds(cluster: Arena):
    platform = cluster.platform

    def come_and_go() -> None:
        time.sleep(WARM_S)
        with another(platform, *bridge("second")), another(platform, *worker("more", "router," + DELIVERY_QUEUES)):
            time.sleep(STAYS_S)
            with another(platform, *bridge("third")) as third:
                time.sleep(STAYS_S)
                third.kill()
            time.sleep(STAYS_S)
        time.sleep(STAYS_S)

    figures = play(cluster, "bridges and workers come and go", [], seconds=30, seed=SEED, meanwhile=come_and_go)
    assert figures.kept, figures
    assert not figures.out_of_order, figures


def test_a_fourth_broker_joins_and_partitions_move_under_load(cluster: Arena):
    from tests.faults import moving

    bootstrap = cluster.stack.environment()["KAFKA_BOOTSTRAP"]

    def join_and_move() -> None:
        time.sleep(WARM_S)
        cluster.stack.add_broker()
        print(f"{moving.spread(bootstrap, cluster.platform.var)} partitions moved")

    figures = play(cluster, "a broker joins, partitions move", [], seconds=40, seed=SEED, meanwhile=join_and_move)
    assert figures.kept, figures
    assert not figures.out_of_order, figures
    assert len(moving.leaders(bootstrap)) == 4
