"""The bare work of the same events with the same libraries and no logic, in one process: what the machine can do.

    python -m bench.bare EVENTS

Appends raw, reads it, appends 1.5 channel records, reads them, writes 3.3 rows an event to the store in batches,
appends a report, reads it: batches of 500, every append durable. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django
import msgspec

from bench.mix import OPTED_IN, USERS, EventMix

BATCH = 500
CHANNELS_OF_EVENT = 1.5


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    events = int(sys.argv[1])
    bodies = [msgspec.json.encode(event) for event in EventMix(users=USERS, opted_in=OPTED_IN, seed=7).take(BATCH)]
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(events // BATCH):
        _round(number, bodies)
    seconds = time.perf_counter() - started
    json.dump({"events": events, "seconds": seconds, "cpu_seconds": time.process_time() - cpu}, sys.stdout)


def durable_append(body: bytes, times: int, path: Path) -> float:
    """Seconds for appending `body` to a file `times` times, each on the disk before the next."""
    started = time.perf_counter()
    with path.open("ab") as file:
        for _ in range(times):
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    return time.perf_counter() - started


def _round(number: int, bodies: list[bytes]) -> None:
    from notifications.store import get_store

    _through("notifications.raw", bodies, number)
    _through("notifications.in_app", bodies[: int(BATCH * CHANNELS_OF_EVENT) - BATCH] + bodies, number)
    store: Any = get_store()
    store.add_inbox(_inbox_rows(number))
    store.record_details(_details(number, bodies))
    store.record(_cells(number))
    _through("notifications.delivery", [b"".join(bodies[part : part + 30]) for part in range(0, BATCH, 30)], number)


def _through(topic: str, bodies: list[bytes], number: int) -> None:
    from notifications.log import get_log
    from notifications.log.port import Message

    log = get_log()
    before = log.end_offsets(topic)
    log.produce([Message(topic, f"u{number}-{place}", body) for place, body in enumerate(bodies)])
    for partition, end in log.end_offsets(topic).items():
        for _ in log.read(topic, partition, before.get(partition, 0), end):
            pass


def _id(number: int, place: int) -> str:
    return f"notif_bare{number:012d}{place:016d}"


def _inbox_rows(number: int) -> list[Any]:
    from notifications.store.port import InboxRow
    from templates_app.content import Content

    content = Content(title="On its way", body="Order ord_0123456789 is on its way via FedEx.", locale="en")
    count = int(BATCH * 0.827)
    return [
        InboxRow(user=f"bare_{p}", id=_id(number, p), at=number, type="bare", category="bare", content=content)
        for p in range(count)
    ]


def _details(number: int, bodies: list[bytes]) -> list[Any]:
    from notifications.records import Decision, Event, Recipient
    from notifications.store.port import Details

    made = []
    for place, body in enumerate(bodies):
        data = msgspec.json.decode(body)["data"]
        recipients = [Recipient(_id(number, place), f"bare_{place}")]
        event = Event(
            lane="standard", priority="normal", recipients=recipients, type="bare", data=data, now=1, accepted_at=1
        )
        made.append(Details(decision=Decision(id=_id(number, place), user="bare", event=event, channels=[], at=1)))
    return made


def _cells(number: int) -> list[Any]:
    from notifications.store.port import LogEntry

    return [
        LogEntry(
            id=_id(number, place),
            user="bare",
            channel="push",
            send=f"{place}",
            attempt=1,
            status="sent",
            rank=200,
            at=1,
            detail={"provider": "apns"},
        )
        for place in range(int(BATCH * CHANNELS_OF_EVENT))
    ]


if __name__ == "__main__":
    main()
