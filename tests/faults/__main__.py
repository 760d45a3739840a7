"""`make test-faults`: the whole matrix, fault by fault, each under load.

`--short`: a soak of three minutes that holds every kill, and of stops and a bad network a sample that a seed draws.
`python -m tests.faults half_open:kafka …` plays those alone.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults import report
from tests.faults.arena import Arena, arena
from tests.faults.matrix import MATRIX, Fault
from tests.faults.rounds import Figures, Planned, play
from tests.faults.soak import Soak, every_kill

WARM_S, AFTER_S, LOAD_S = 8.0, 10.0, 30.0
SOAKED_S = 180.0

Round = tuple[str, list[Planned], float]  # name, plan, seconds of load


def main() -> int:
    options = _options()
    print(f"seed {options.seed} (FAULT_SEED={options.seed} repeats it)", flush=True)
    with arena(keep=options.keep) as made:
        if options.short:
            soak = Soak(made, options.seed, SOAKED_S, threading.Event(), draw=every_kill, stretch=SOAKED_S)
            played = soak.run()
            soak.print_course()
        else:
            fate = random.Random(options.seed)
            played = [_played(made, one, fate.randrange(10**6)) for one in _single(options.faults or MATRIX)]
    report.print_table(played)
    report.write(Path(os.environ.get("VAR", "var")) / "faults.json", played, seed=options.seed)
    return int(not all(one.kept for one in played))


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", type=_fault, help="kind:target, such as half_open:kafka; default: all")
    parser.add_argument("--short", action="store_true", help="three minutes with every kill and a sample of the rest")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED") or random.randrange(10**6)))
    parser.add_argument("--keep", action="store_true", help="leave the folders with logs and data, and name them")
    return parser.parse_args()


def _fault(text: str) -> Fault:
    kind, _, target = text.partition(":")
    fault = Fault(target, kind)
    if fault not in MATRIX:
        raise ValueError(text)
    return fault


def _single(faults: Sequence[Fault]) -> Iterator[Round]:
    """One fault a round, its window in the middle of the load."""
    for fault in faults:
        yield str(fault), [Planned(WARM_S, fault)], max(LOAD_S, WARM_S + fault.seconds + AFTER_S)


def _played(made: Arena, round: Round, seed: int) -> Figures:
    name, plan, seconds = round
    figures = play(made, name, plan, seconds=seconds, seed=seed)
    print(report.line(figures), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
