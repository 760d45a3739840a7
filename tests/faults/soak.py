"""`make soak MINUTES=10 SEED=n`: random faults at random moments under load. Ctrl-C ends it early: what was accepted
until then still settles and is judged.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.faults import report
from tests.faults.arena import Arena, arena
from tests.faults.matrix import KILL, MATRIX, OURS, PROXIED, SERVERS, STOPS, Fault
from tests.faults.rounds import Figures, Planned, play

# A fault at a time, sometimes two: of different targets, begun and ended at moments of their own.
TOGETHER = 2
# A stretch of faults under load, then all of it settles and is judged: what is wrong is found soon after it happened.
STRETCH_S = 120.0
WARM_S, AFTER_S = 8.0, 10.0
PAUSE_S = (1.0, 12.0)
COMING_BACK_S = 8.0  # a killed server starts; a process reconnects
SAMPLED = {"servers": 4, "ours": 2}

Draw = Callable[[random.Random, float], list[Planned]]


def main() -> int:
    minutes = float(os.environ.get("MINUTES") or 10)
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    over = threading.Event()
    print(
        f"soak: {minutes:g} minutes, seed {seed} (make soak MINUTES={minutes:g} SEED={seed} draws the same)", flush=True
    )
    with arena() as made:
        signal.signal(signal.SIGINT, lambda number, frame: over.set())
        soak = Soak(made, seed, minutes * 60, over)
        played = soak.run()
        memory = soak.print_course()
    report.print_table(played)
    print(report.total(played))
    path = Path(os.environ.get("VAR", "var")) / "soak.json"
    report.write(path, played, seed=seed, faults=soak.told, memory=memory)
    return int(not all(one.kept for one in played))


class Soak:
    """Stretch after stretch, each with what `draw` draws for its seconds, until the time is over."""

    def __init__(
        self,
        made: Arena,
        seed: int,
        seconds: float,
        over: threading.Event,
        *,
        draw: Draw | None = None,
        stretch: float = STRETCH_S,
    ) -> None:
        self.arena, self.seed, self.over, self.draw, self.stretch = made, seed, over, draw or drawn, stretch
        self.fate = random.Random(seed)
        self.began = time.monotonic()
        self.seconds = seconds
        self.told: list[str] = []
        self.played: list[Figures] = []
        self.before = made.memory()

    def run(self) -> list[Figures]:
        """Plays, with a line for each stretch as it ends."""
        while not self.over.is_set() and (left := self.seconds - self._passed()) > 0:
            seconds = min(self.stretch, max(left, WARM_S + AFTER_S))
            plan = self.draw(self.fate, seconds)
            self.told += [f"{_clock(self._passed() + one.at)} {one.fault}" for one in plan]
            name = ", ".join(str(one.fault) for one in plan)
            made, seed = self.arena, self.fate.randrange(10**6)
            self.played.append(play(made, name, plan, seconds=seconds, seed=seed, over=self.over, tell=self._tell))
            print(report.line(self.played[-1]), flush=True)
        return self.played

    def _passed(self) -> float:
        return time.monotonic() - self.began

    def _tell(self, text: str) -> None:
        print(f"{_clock(self._passed())} of {_clock(self.seconds)}  {text}", flush=True)

    def print_course(self) -> dict[str, dict[str, int]]:
        """Which faults there were, and each process' memory (MB) at start and end, which it returns."""
        after = self.arena.memory()
        print(f"\nseed {self.seed}; faults:")
        print("\n".join(f"  {fault}" for fault in self.told))
        print("memory of each process at start and end (MB):")
        for name in sorted(self.before):
            print(f"  {name:<16} {self.before[name]:>5} {after.get(name, 0):>5}")
        return {"start": self.before, "end": after}


def drawn(fate: random.Random, seconds: float) -> list[Planned]:
    """Faults for a stretch of `seconds`: never two of one target at a time, never more than TOGETHER."""
    plan: list[Planned] = []
    at = WARM_S
    while True:
        fault = fate.choice(MATRIX)
        end = at + fault.seconds + COMING_BACK_S
        if at + fault.seconds + AFTER_S > seconds:
            return plan
        busy = [one for one in plan if one.at + one.fault.seconds + COMING_BACK_S > at]
        if len(busy) < TOGETHER and fault.target not in {one.fault.target for one in busy}:
            plan.append(Planned(at, fault))
            at = fate.uniform(at + PAUSE_S[0], end + PAUSE_S[1])
        else:
            at += PAUSE_S[0]


def every_kill(fate: random.Random, seconds: float) -> list[Planned]:
    """Every kill, and of the stops and the bad network SAMPLED; never two servers at a time, nor two of ours."""
    of_servers = [fault for fault in (*STOPS, *PROXIED) if fault.target in SERVERS]
    of_ours = [fault for fault in STOPS if fault.target in OURS]
    servers = [*(Fault(name, KILL) for name in SERVERS), *fate.sample(of_servers, SAMPLED["servers"])]
    ours = [*(Fault(name, KILL) for name in OURS), *fate.sample(of_ours, SAMPLED["ours"])]
    plan = [*_one_after_the_other(fate, servers, seconds), *_one_after_the_other(fate, ours, seconds)]
    return sorted(plan, key=lambda planned: planned.at)


def _one_after_the_other(fate: random.Random, faults: Sequence[Fault], seconds: float) -> Iterator[Planned]:
    """All of them in a drawn order, the time that is left spread between them. Raises ValueError if there is none."""
    spare = seconds - WARM_S - AFTER_S - sum(fault.seconds + COMING_BACK_S for fault in faults)
    if spare < 0:
        raise ValueError(f"{seconds:.0f} s are too short for {len(faults)} faults, by {-spare:.0f} s")
    pauses = sorted(fate.uniform(0, spare) for _ in faults)
    passed = WARM_S
    for fault, paused in zip(fate.sample(faults, len(faults)), pauses, strict=True):
        yield Planned(passed + paused, fault)
        passed += fault.seconds + COMING_BACK_S


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


if __name__ == "__main__":
    sys.exit(main())
