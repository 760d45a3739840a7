"""`make profile SPY="bridge web"`: where the CPU time of each process goes under load. A minute; no figure of a bench.

    python -m bench.profiling [--events 20000] [--singles 0] [--spy worker-delivery bridge …]

Prints CPU-µs an event by process, how many batches each topic's records went in, and, for the processes that are named,
the functions most of their samples were in (py-spy). With `--singles RATE` events are posted one by one at that rate.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import httpx

from bench import figures
from bench.measures import BATCH, company
from bench.run import LIFTED, Run
from bench.servers import Servers
from stack.servers import Stack
from tests.running import free_port

WARM, SAMPLES_A_SECOND, SHOWN, PORTS = 5_000, 200, 45, 15
COUNTED = re.compile(r'^np_bridge_batch_records_(count|sum)\{topic="([^"]+)"\} ([0-9.e+]+)$', re.MULTILINE)


def main() -> None:
    parser = ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--singles", type=int, default=0, metavar="RATE", help="single posts a second")
    parser.add_argument("--spy", nargs="*", default=[], metavar="PROCESS")
    options = parser.parse_args()
    ports = free_port()
    LIFTED["METRICS_PORT"] = str(ports)
    stack = Stack(Path(os.environ.get("VAR") or "var")) if os.environ.get("LOG_ENGINE") == "kafka" else None
    run = Run("make profile", Servers(stack))
    try:
        run.platform.start()
        company(run)
        _load(run, Namespace(events=WARM, singles=0))
        _profile(run, options, ports)
    finally:
        run.platform.stop()


def _profile(run: Run, options: Namespace, ports: int) -> None:
    batches, before = _batches(ports), run.cpu()
    pids = run.platform.pids()
    with tempfile.TemporaryDirectory() as folder:
        spies = {name: _spy(pids[name], Path(folder) / name) for name in options.spy}
        _load(run, options)
        used = figures.spent(before, run.cpu())
        for spy in spies.values():
            spy.send_signal(signal.SIGINT)
            spy.wait()
        for name in spies:
            print(f"\n--- {name}")
            print("\n".join(_most(Path(folder) / name)))
    costs = {name: round(seconds / options.events * 1e6) for name, seconds in used.items() if seconds}
    ours = sum(cost for name, cost in costs.items() if name not in run.servers.pids())
    print(f"\nCPU-µs an event: {ours} in our processes, {sum(costs.values()) - ours} in the servers\n  {costs}")
    for topic, (count, records) in _batches(ports).items():
        count, records = count - batches[topic][0], records - batches[topic][1]
        if count:
            print(f"  {topic}: {count:.0f} batches of {records / count:.0f} records")


def _load(run: Run, options: Namespace) -> None:
    if options.singles:
        seconds = options.events / options.singles
        load = run.load("pace", "/api/v1/notifications", rate=options.singles, seconds=seconds, batch=0, connections=64)
    else:
        path = "/api/v1/notifications/batch"
        load = run.load("hammer", path, total=options.events // BATCH, batch=BATCH, connections=1)
    run.await_idle(300)
    print(f"{options.events} events, accepted: {figures.percentiles(load['latencies'])}")


def _batches(ports: int) -> dict[str, tuple[float, float]]:
    """Batches and records by topic so far, as the bridges count them."""
    found: dict[str, dict[str, float]] = {}
    for port in range(ports, ports + PORTS):
        try:
            text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        except httpx.ConnectError:
            continue
        for what, topic, value in COUNTED.findall(text):
            its = found.setdefault(topic, {})
            its[what] = its.get(what, 0) + float(value)
    return {topic: (its["count"], its["sum"]) for topic, its in sorted(found.items())}


def _spy(pid: int, file: Path) -> subprocess.Popen[bytes]:
    command = [
        str(Path(sys.executable).with_name("py-spy")),
        "record",
        "--pid",
        str(pid),
        "--rate",
        str(SAMPLES_A_SECOND),
        "--format",
        "raw",
    ]
    return subprocess.Popen(
        [*command, "--function", "--nonblocking", "--duration", "600", "--output", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _most(file: Path) -> Iterable[str]:
    """Functions by the share of samples they, or what they called, were in; and by their own."""
    whole: Counter[str] = Counter()
    own: Counter[str] = Counter()
    total = 0
    for line in file.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        total += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            whole[frame] += int(count)
    yield f"{total} samples; share with what it called, own share"
    for frame, its in whole.most_common(SHOWN):
        yield f"  {its / total:6.1%} {own[frame] / total:6.1%}  {frame}"
    yield "most of their own"
    for frame, its in own.most_common(SHOWN // 2):
        yield f"  {whole[frame] / total:6.1%} {its / total:6.1%}  {frame}"


if __name__ == "__main__":
    main()
