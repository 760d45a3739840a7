"""One part of the way in a process of its own. `python -m bench.broadcast.ours make|expand|route|segments|inbox …`

Prints JSON: what it did, its seconds, its CPU seconds and its memory.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from bench.broadcast import world
from bench.figures import percentiles

IDLE_S = 0.01
READS = 400


def main() -> None:
    what, *arguments = sys.argv[1:]
    world.open_up()
    _as_in_a_worker()
    started, cpu = time.perf_counter(), time.process_time()
    found = PARTS[what](*arguments)
    memory = psutil.Process().memory_info()
    told = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    json.dump(told | {"rss_mb": memory.rss / 2**20} | found, sys.stdout)


def _as_in_a_worker() -> None:
    """Everything is imported and the cycle collector looks rarely, as in our processes."""
    import delivery.tasks  # noqa: F401
    from foundation.collector import collect_rarely

    collect_rarely()


def expand(id: str) -> dict[str, Any]:
    """The audience frozen and every record on `notifications.bulk`, durable."""
    from delivery.broadcasts.expander import Expander
    from notifications.broadcasts.models import Walk
    from notifications.log import get_log

    expander = Expander(get_log(), "bench")
    frozen, peak = 0.0, 0.0
    began = time.process_time()
    while not (walk := Walk.objects.get(pk=id)).is_expanded:
        wait = expander.turn()
        if walk.is_frozen and not frozen:
            frozen = time.process_time() - began
        peak = max(peak, psutil.Process().memory_info().rss / 2**20)
        time.sleep(wait and IDLE_S)
    return {"recipients": walk.audience, "freeze_cpu_seconds": frozen, "peak_mb": peak}


def route(recipients: str) -> dict[str, Any]:
    """The bulk lane's chain, stage by stage with its hand-overs through Redis, until that many are on their topics."""
    from delivery.batch import Batch, BatchRecord, RoutedBatch
    from delivery.stages.fan_out import fan_out
    from delivery.stages.render import render
    from delivery.stages.route import route as route_stage
    from foundation.clock import now_ms
    from notifications.log import get_log
    from notifications.topology import BULK, TOPICS

    consumer = get_log().consumer(TOPICS[BULK].group, [BULK], "bench")
    done, peak, place = 0, 0.0, 0
    while done < int(recipients):
        consumer.assignment_changes()
        records = consumer.poll(500, 512 * 1024)
        if not records:
            time.sleep(IDLE_S)
            continue
        now, place = now_ms(), place + 1
        taken = [BatchRecord(record.partition, record.offset, record.value) for record in records]
        batch = Batch(
            id=str(place), reply="bench", topic=BULK, lane="bulk", deadline=now + 60_000, polled_at=now, records=taken
        )
        routed = handed(_plain(route_stage)(handed(batch, Batch)), RoutedBatch)
        _plain(fan_out)(handed(_plain(render)(routed), RoutedBatch))
        done += sum(int(record.headers["recipients"]) for record in records)
        consumer.commit(_offsets(records))
        peak = max(peak, psutil.Process().memory_info().rss / 2**20)
    return {"recipients": done, "batches": place, "peak_mb": peak}


def handed(batch: Any, kind: type) -> Any:
    """Through Redis, as between two tasks of a chain."""
    from delivery import payloads

    return payloads.take(payloads.put(batch), kind)


def _plain(task: Any) -> Callable[[Any], Any]:
    return task.run.__wrapped__


def _offsets(records: Any) -> dict[Any, int]:
    from notifications.log.port import TopicPartition

    return {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}


def segments(name: str) -> dict[str, Any]:
    """A segment's exact count."""
    from preferences import segments as its

    started = time.perf_counter()
    return {"members": its.size(name), "count_seconds": time.perf_counter() - started}


def inbox(users: str) -> dict[str, Any]:
    """First pages of different users' inboxes."""
    from channels_app import inbox as its

    taken: list[float] = []
    for number in range(READS):
        started = time.perf_counter()
        its.page(f"usr_{number * int(users) // READS:07d}", limit=20)
        taken.append(time.perf_counter() - started)
    return {"reads": percentiles(taken)}


def make(users: str) -> dict[str, Any]:
    """Databases, topics, users."""
    world.make(int(users))
    return {}


def broadcast(personal: str, channels: str) -> dict[str, Any]:
    """A broadcast that starts at once."""
    return {"id": world.broadcast(personal == "personal", channels.split(","))}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    part.__name__: part for part in (make, broadcast, expand, route, segments, inbox)
}

if __name__ == "__main__":
    main()
