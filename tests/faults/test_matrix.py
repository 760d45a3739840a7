"""Nobody is left out of the matrix."""

from __future__ import annotations

from pathlib import Path

from demo import processes
from tests.faults import proxy
from tests.faults.matrix import MATRIX, NETWORK, OURS, SERVERS


def test_every_process_of_ours_is_killed_and_stopped():
    assert {program.name for program in processes.programs(Path("var"), 8000, 8001)} == set(OURS)
    assert {(fault.target, fault.kind) for fault in MATRIX} >= {
        (name, kind) for name in OURS for kind in ("kill", "stop")
    }


def test_every_server_meets_everything():
    assert set(NETWORK) == set(proxy.FAULTS) - {proxy.PASS}
    for server in SERVERS:
        assert {fault.kind for fault in MATRIX if fault.target == server} == {"kill", "stop", *NETWORK}
