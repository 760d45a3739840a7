"""A worker's work on one channel: from a batch of channel records to outcomes on the log, as its Celery tasks do it."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench.channels.made import Lane, record
from delivery import payloads
from delivery.batch import Batch, BatchRecord
from delivery.stages.deliver import deliver, report
from foundation.clock import now_ms
from foundation.identifiers import new_batch_id
from notifications.log import get_log
from notifications.records import Outcome, Reports, decode, encode
from notifications.topology import DELIVERY

FLIGHTS = 2  # batches under way in one worker
DEADLINE_MS = 10_000


def run(lane: Lane, events: int, size: int) -> tuple[float, float]:
    """`events` in batches of `size`: seconds, CPU seconds of this process. Raises where one wasn't taken."""
    _one(lane, _batch(lane, size))  # connects, imports
    begin = get_log().end_offsets(DELIVERY)
    made = [_batch(lane, size) for _ in range(events // size)]
    cpu, started = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(FLIGHTS) as pool:
        list(pool.map(partial(_one, lane), made))
    used = time.perf_counter() - started, time.process_time() - cpu
    told = outcomes(begin)
    if told != {"sent": len(made) * size}:
        raise SystemExit(f"{lane.provider}: not all were taken: {dict(told)}")
    return used


def outcomes(begin: dict[int, int]) -> Counter[str]:
    """How many outcomes of each status stand on the log since `begin`."""
    log, found = get_log(), Counter[str]()
    for partition, end in log.end_offsets(DELIVERY).items():
        for each in log.read(DELIVERY, partition, begin.get(partition, 0), end):
            reports = decode(Reports, each.value).reports
            found.update(report.status for report in reports if isinstance(report, Outcome))
    return found


def _batch(lane: Lane, size: int) -> list[bytes]:
    return [encode(record(lane)) for _ in range(size)]


def _one(lane: Lane, values: list[bytes]) -> None:
    at = now_ms()
    batch = Batch(
        id=new_batch_id(),
        reply="bench",
        topic=f"notifications.{lane.channel}",
        lane="standard",
        deadline=at + DEADLINE_MS,
        polled_at=at,
        records=[BatchRecord(0, place, value) for place, value in enumerate(values)],
    )
    report(deliver(payloads.put(batch)))
