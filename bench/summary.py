"""`python -m bench.summary`: what the summary of past deliveries costs the tracker, in CPU-µs an event.

Batches of decisions and outcomes as the tracker has them, in SQLite: to users who get something for the first time that
day (each a row), and again on the same day (a look into memory). Beside it, folding and storing the same batches.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

EVENTS, BATCH = 20_000, 500


def main() -> None:
    folder = tempfile.mkdtemp(prefix="bench-summary-")
    os.environ.update(VAR=folder, DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    for database in ("default", "store"):
        call_command("migrate", database=database, verbosity=0)
    try:
        _measure()
    finally:
        shutil.rmtree(folder)


def _measure() -> None:
    from delivery.summary import Summary
    from delivery.tracking import fold
    from notifications.store import get_store
    from notifications.store.port import Details

    summary = Summary()

    def track(reports: Sequence[Any]) -> None:
        decisions, cells = fold(reports, {})
        get_store().record(list(cells.values()), [Details(decision=each) for each in decisions])

    first, again = batches("a"), batches("b")
    _told("fold and store, as the tracker does", track, first)
    _told("summary, first of the day", summary.note, first)
    _told("summary, again that day", summary.note, again)


def _told(what: str, work: Callable[[Sequence[Any]], object], batches: Sequence[Sequence[Any]]) -> None:
    began = time.process_time()
    for reports in batches:
        work(reports)
    print(f"{what:<40} {(time.process_time() - began) / EVENTS * 1e6:8.1f} CPU-µs an event", flush=True)


def batches(mark: str) -> list[list[Any]]:
    """EVENTS decisions with their outcomes, in batches; `mark` makes their ids and users its own."""
    return [
        [each for n in range(start, start + BATCH) for each in _reports(mark, n)] for start in range(0, EVENTS, BATCH)
    ]


def _reports(mark: str, n: int) -> list[Any]:
    from foundation.clock import now_ms
    from notifications.records import ChannelDecision, Decision, Event, Outcome, Recipient

    id, user, now = f"notif_{mark}{n:031}", f"usr_{n}", now_ms()
    event = Event(
        lane="bulk",
        priority="low",
        recipients=[Recipient(id, user)],
        type="weekly_digest",
        data={"week": 1},
        now=now,
        accepted_at=now,
    )
    told = ChannelDecision(channel="email", verdict="send", reason="default", sends=["s"])
    return [
        Decision(id=id, user=user, event=event, category="digests", channels=[told], at=now),
        Outcome(id=id, user=user, channel="email", status="sent", send="s", at=now, provider="ses"),
    ]


if __name__ == "__main__":
    main()
