"""`python -m bench.dashboard`: what an open dashboard costs at 2,000 events a second (to reach: at most 3 %).

Two costs, each in CPU time of this process and of Redis: counting by minutes, which the tracker does whether anybody
looks or not, beside folding and storing the same reports; and one look of the page, with an hour of full minutes behind
it. From both: the share of two cores that is gone while it is open, at the page's own interval.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.summary import EVENTS, batches

RATE, CORES = 2_000, 2
LOOKS, EVERY_S = 60, 5  # EVERY_MS of delivery/static/delivery/board/main.js
MINUTES, FIELDS = 60, 40
SOCKET_WITHIN_S = 10


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="bench-dashboard-"))
    os.environ.update(VAR=str(folder), DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from foundation.redis_server import command

    socket = folder / "redis.sock"
    server = subprocess.Popen(command(socket), stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + SOCKET_WITHIN_S
        while not socket.exists() and time.monotonic() < end:
            time.sleep(0.02)
        _measure()
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _measure() -> None:
    from django.core.management import call_command

    for database in ("default", "store"):
        call_command("migrate", database=database, verbosity=0)
    stored, counted = _of_events()
    look = _of_a_look()
    share = look / EVERY_S / CORES
    print(f"fold and store           {stored * 1e6:8.1f} CPU-µs an event")
    print(f"counting by minutes      {counted * 1e6:8.1f} CPU-µs an event, {counted / stored:.1%} of that")
    print(f"one look                 {look * 1e3:8.1f} CPU-ms, Redis' included, an hour of minutes shown")
    print(f"open, a look every {EVERY_S} s   {share:8.2%} of {CORES} cores (to reach: at most 3 %)")
    print(f"with the counting of {RATE:,} events/s {share + counted * RATE / CORES:.2%}")


def _of_events() -> tuple[float, float]:
    """CPU seconds an event: folding and storing, counting by minutes."""
    from delivery import tallies
    from delivery.tracking import fold
    from foundation import minutes
    from notifications.store import get_store
    from notifications.store.port import Details

    def track(reports: Sequence[Any]) -> None:
        decisions, cells = fold(reports, {})
        get_store().record(list(cells.values()), [Details(decision=each) for each in decisions])

    def count(reports: Sequence[Any]) -> None:
        tallies.count(reports)
        minutes.flush()

    found = batches("a")
    return _cpu(lambda: _each(track, found)) / EVENTS, _cpu(lambda: _each(count, found)) / EVENTS


def _of_a_look() -> float:
    """CPU seconds of one look."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from foundation import minutes
    from foundation.clock import now_ms

    for place in range(MINUTES):
        fields: dict[tuple[str, ...], int] = {
            ("told", "email", "failed", f"reason{n}", f"account{n % 5}"): RATE * 60 // FIELDS for n in range(FIELDS)
        }
        minutes.add(fields, at=now_ms() - place * minutes.MINUTE_MS)
    minutes.flush()
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("ada"))
    address = reverse("admin:board_figures")
    first = client.get(address).json()
    assert len(first["course"]["told"]["failed"]) > 1, first

    def look() -> None:
        for _ in range(LOOKS):
            client.get(address)

    return _cpu(look) / LOOKS


def _each(work: Callable[[Sequence[Any]], object], found: Sequence[Sequence[Any]]) -> None:
    for reports in found:
        work(reports)


def _cpu(work: Callable[[], object]) -> float:
    """CPU seconds that it takes this process and Redis."""
    from foundation.redis import get_redis

    def spent() -> float:
        told: Any = get_redis().info("cpu")
        return time.process_time() + float(told["used_cpu_sys"]) + float(told["used_cpu_user"])

    before = spent()
    work()
    return spent() - before


if __name__ == "__main__":
    main()
