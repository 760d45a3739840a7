"""`make profile`: what each chain costs, CPU-µs a record, in batches of a given size, in this process alone.

    python -m bench.stagework [--sizes 50 500] [--records 4000] [--apart] [--profile "raw route"]

A company of its own on the servers that the environment names; it stays for `--again` (`make stack-clean` forgets it).
Batches go through the tasks of their chains as a worker runs them, without Celery's queues; CPU time counts, of all
threads, so a busy machine blurs it less than a clock. `--apart` makes each stage a task of its own; `--profile` shows
the functions of a step, as it is named in the output, by their own time (cProfile) at the last size.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import tempfile
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

from tests import engines

USERS, OPTED_IN = 4_000, 500
DEADLINE_MS = 600_000
REDIS_DATABASE = 9
REPORTS_A_RECORD = 20  # about; a batch of the tracker's has as many reports as another's records
SHOWN = 40
CHANNELS = ("in_app", "push", "email", "sms")


def main() -> None:
    parser = ArgumentParser(prog="python -m bench.stagework", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--records", type=int, default=4_000)
    parser.add_argument("--profile", default="", metavar="STAGE")
    parser.add_argument("--apart", action="store_true", help="each stage a task of its own")
    parser.add_argument("--again", action="store_true", help="with the users of the run before")
    options = parser.parse_args()
    _prepare(options.again)
    from foundation.collector import collect_rarely

    collect_rarely()
    _Work().go(events=1_000, size=500)  # connects, imports, fills the caches
    for size in options.sizes:
        work = _Work(options.profile if size == options.sizes[-1] else "", apart=options.apart)
        work.go(events=options.records, size=size)
        work.say(options.records, size)


class _Work:
    """One load through all stages: CPU seconds, calls and records of each."""

    def __init__(self, profiled: str = "", *, apart: bool = False) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self.records: dict[str, int] = defaultdict(int)
        self.apart = apart
        self.profiled, self.profiler = profiled, cProfile.Profile()

    @contextmanager
    def _counted(self, stage: str, records: int) -> Iterator[None]:
        profiled = self.profiled == stage
        before = time.process_time()
        if profiled:
            self.profiler.enable()
        yield
        if profiled:
            self.profiler.disable()
        self.cpu[stage] += time.process_time() - before
        self.calls[stage] += 1
        self.records[stage] += records

    def go(self, *, events: int, size: int) -> None:
        from notifications.log import get_log
        from notifications.topology import DELIVERY, RAW, channel_topic

        ends = {topic: get_log().end_offsets(topic) for topic in (*map(_topic, CHANNELS), DELIVERY)}
        self._chain(RAW, _events(events), size)
        for channel in CHANNELS:
            topic = channel_topic(channel, "standard")
            self._chain(topic, _since(topic, ends[topic]), size)
        self._chain(DELIVERY, _since(DELIVERY, ends[DELIVERY]), max(1, size // REPORTS_A_RECORD))

    def _chain(self, topic: str, records: Sequence[Any], size: int) -> None:
        from delivery import payloads
        from notifications.topology import TOPICS

        short, chain = topic.removeprefix("notifications."), TOPICS[topic].chain
        for start in range(0, len(records), size):
            part = records[start : start + size]
            with self._counted(f"{short} put", len(part)):
                where: Any = payloads.put(_batch(topic, part))
            steps = [[name] for name in chain] if self.apart else [list(chain)]
            for step in steps:
                with self._counted(f"{short} {'+'.join(map(_short, step))}", len(part)):
                    where = _worked(where, step)

    def say(self, events: int, size: int) -> None:
        print(f"\nbatches of {size}: CPU-µs (all threads of the process)")
        for stage, seconds in self.cpu.items():
            each = seconds / max(1, self.records[stage]) * 1e6
            print(
                f"  {stage:32} {seconds / events * 1e6:6.1f} an event {each:7.1f} a record, {self.calls[stage]} calls"
            )
        print(f"  {'all':32} {sum(self.cpu.values()) / events * 1e6:6.1f} an event")
        if self.profiled:
            pstats.Stats(self.profiler).sort_stats("tottime").print_stats(SHOWN)


def _worked(where: str, names: Sequence[str]) -> Any:
    """A chain's task as a worker runs it, with what follows in the chain in its request."""
    from celery import current_app
    from celery.app.task import Context

    first, *rest = names
    task = current_app.tasks[first]
    task.request_stack.push(Context(chain=[{"task": name} for name in reversed(rest)]))
    try:
        return task.run(where)
    finally:
        task.request_stack.pop()


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _topic(channel: str) -> str:
    return f"notifications.{channel}"


def _prepare(again: bool) -> None:
    """Settings, schema, users; `again`: those of the run before."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["VAR"] = str(Path(tempfile.gettempdir()) / "np-stages")
    os.environ |= {name: "0" for name in ("RATE_APNS", "RATE_FCM", "RATE_SES", "RATE_TWILIO")}
    os.environ["SMS_PER_PREFIX"] = "0/3600"
    if not engines.STACK:
        raise SystemExit("it needs the servers: make profile")
    os.environ |= engines.own_names("test_stagework", os.environ, redis_database=REDIS_DATABASE)
    if not again:
        engines.make_room(os.environ)
    from bench import mix

    mix.USERS, mix.OPTED_IN = USERS, OPTED_IN
    django.setup()
    import delivery.tasks  # noqa: F401  registers them
    from config import celery  # noqa: F401

    if again:
        return
    from django.core.management import call_command

    call_command("prepare", verbosity=0)
    from bench import company

    company._users()
    company._type()


def _events(count: int) -> list[Any]:
    """Raw records as accepting makes them."""
    from bench.mix import EventMix
    from foundation.clock import now_ms
    from foundation.identifiers import new_notification_id
    from notifications.log.port import LogRecord
    from notifications.records import Event, Recipient, encode
    from notifications.topology import RAW

    now, made = now_ms(), []
    for place, event in enumerate(EventMix(users=USERS, opted_in=OPTED_IN, seed=time.time_ns()).take(count)):
        user = event["target"]["user_id"]
        record = Event(
            lane="standard",
            priority="normal",
            recipients=[Recipient(new_notification_id(), user)],
            type=event["type"],
            type_version=1,
            template_version=1,
            data=event["data"],
            now=now,
            accepted_at=now,
            channels=event["channels"],
            token="bench",  # noqa: S106
        )
        made.append(LogRecord(RAW, 0, place, user, encode(record), {}, now))
    return made


def _since(topic: str, ends: dict[int, int]) -> list[Any]:
    from notifications.log import get_log

    log = get_log()
    return [
        record
        for partition, end in log.end_offsets(topic).items()
        for record in log.read(topic, partition, ends.get(partition, 0), end)
    ]


def _batch(topic: str, records: Sequence[Any]) -> Any:
    from delivery.batch import Batch, BatchRecord
    from foundation.clock import now_ms
    from foundation.identifiers import new_batch_id

    at = now_ms()
    return Batch(
        id=new_batch_id(),
        reply="bench",
        topic=topic,
        lane="standard",
        deadline=at + DEADLINE_MS,
        polled_at=at,
        records=[BatchRecord(each.partition, each.offset, each.value) for each in records],
    )


if __name__ == "__main__":
    main()
