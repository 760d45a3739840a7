"""Waiting for servers, and naming the one that doesn't come."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stack import probes
from stack.files import last_lines
from stack.layout import Layout
from stack.problems import Died, StackError
from stack.supervision import Supervisor

READY_WITHIN_S = 240.0
TELL_EACH_S = 10.0
LOOK_EACH_S = 0.1


def until_ready(ready: Callable[[], bool], name: str, log: Path, seconds: float) -> float:
    """Waits for one server; how long that took (s). Raises StackError with its log's end."""
    started = time.monotonic()
    while not ready():
        if time.monotonic() - started > seconds:
            raise StackError(f"{name} isn't ready after {seconds:.0f} s; {log} ends with:\n{last_lines(log)}")
        time.sleep(LOOK_EACH_S)
    return time.monotonic() - started


def until_all_ready(
    layout: Layout, supervisor: Supervisor, ready: Callable[[str], bool], say: Callable[[str], Any]
) -> None:
    """Waits for every server, with a line for each, and for what they need of one another.

    Raises Died for a server that ended meanwhile, StackError for one that isn't ready in time.
    """
    started = time.monotonic()
    waiting, told = layout.names(), time.monotonic()
    pids = {name: info["pid"] for name, info in supervisor.infos().items()}
    with ThreadPoolExecutor(len(waiting)) as pool:
        while waiting:
            _named_if_dead(layout, supervisor, pids, waiting)
            for name, is_ready in zip(waiting, pool.map(ready, waiting), strict=True):
                if is_ready:
                    say(f"  {name:<12} ready after {time.monotonic() - started:4.1f} s  port {layout.port(name)}")
                    waiting = [other for other in waiting if other != name]
            if waiting and time.monotonic() - started > READY_WITHIN_S:
                log = layout.log(waiting[0])
                raise StackError(f"{waiting[0]} isn't ready after {READY_WITHIN_S:.0f} s; see {log}\n{last_lines(log)}")
            if waiting and time.monotonic() - told > TELL_EACH_S:
                told = time.monotonic()
                say(f"… after {told - started:.0f} s still coming: {', '.join(waiting)}")
            time.sleep(LOOK_EACH_S)
    if layout.nodes > 1:
        log = layout.log("cassandra-1")
        until_ready(lambda: probes.ring_is_whole(layout), "Cassandra's ring", log, READY_WITHIN_S)
        until_ready(lambda: probes.brokers(layout) == layout.brokers, "Kafka's cluster", log, READY_WITHIN_S)
        say(f"  {'clusters':<12} whole after {time.monotonic() - started:4.1f} s")


def _named_if_dead(layout: Layout, supervisor: Supervisor, pids: dict[str, int], waiting: list[str]) -> None:
    infos = supervisor.infos()
    for name in waiting:
        if infos[name]["pid"] != pids[name] or not pids[name]:
            log = layout.log(name)
            raise Died(f"{name} died while starting; {log} ends with:\n{last_lines(log)}")
