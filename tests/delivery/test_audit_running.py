"""The audit while the system runs: nothing that moves is called lost, whatever happens between its steps.

A pipeline is driven by an adversary: before every call the audit makes, stages take a few steps chosen at random.
A step ends after each durable act, so what is seen lies between them: produced but not committed, claimed but not
produced, produced but not finished.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from delivery.audit import Findings, audit, conservation, places
from foundation.clock import now_ms
from foundation.identifiers import new_notification_id
from notifications import reports
from notifications.due import table
from notifications.log import get_log
from notifications.log.port import LogRecord, Message
from notifications.records import ChannelRecord, Event, FailedSend, Failure, Send, decode, encode
from notifications.topology import DLQ, RAW, TOPICS
from tests.delivery.on_log import empty_log  # noqa: F401  a fixture
from tests.delivery.reports_of import decision, event, outcome, verdict
from tests.delivery.test_audit import due, on_channel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis", "empty_log")]

PUSH = "notifications.push"
A_BATCH = 3
MOST_STEPS = 6
LOOKS = 12


class Pipeline:
    """Each notification goes raw → push → dlq → due-time table → push → sent; a stage's generator yields after each
    durable act.
    """

    def __init__(self) -> None:
        self.log = get_log()
        self.accepted: list[str] = []
        stages = ((RAW, self._route), (PUSH, self._deliver), (DLQ, self._schedule))
        self.stages = [self._accept(), self._release(), *(self._bridge(name, stage) for name, stage in stages)]

    def _accept(self) -> Iterator[None]:
        while True:
            ids = [new_notification_id() for _ in range(A_BATCH)]
            self.log.produce([Message(RAW, "u1", encode(event(id))) for id in ids])
            self.accepted += ids
            yield

    def _bridge(self, topic: str, stage) -> Iterator[None]:
        consumer = self.log.consumer(TOPICS[topic].group, [topic], "m")
        while True:
            consumer.assignment_changes()
            records = consumer.poll(A_BATCH, 10_000_000)
            yield from stage(records) if records else ()
            consumer.commit({(record.topic, record.partition): record.offset + 1 for record in records})
            yield

    def _route(self, records: list[LogRecord]) -> Iterator[None]:
        ids = [decode(Event, record.value).recipients[0].id for record in records]
        self.log.produce([Message(PUSH, id, encode(on_channel(id))) for id in ids])
        yield
        reports.produce([decision(id, verdict("push")) for id in ids])
        yield

    def _deliver(self, records: list[LogRecord]) -> Iterator[None]:
        why = [FailedSend(send=Send("push-1", "token"), error="transient")]
        for record in [decode(ChannelRecord, record.value) for record in records]:
            id = record.recipients[0].id
            if record.attempt == 1:
                self.log.produce([Message(DLQ, id, encode(Failure(record=record, failed=why, at=now_ms())))])
            else:
                reports.produce([outcome(id, "push", attempt=2)])
            yield

    def _schedule(self, records: list[LogRecord]) -> Iterator[None]:
        table.put([due(decode(Failure, record.value).record.recipients[0].id) for record in records])
        yield

    def _release(self) -> Iterator[None]:
        while True:
            taken = table.claim(["standard"], now=now_ms() * 2, limit=A_BATCH, owner="o", lease_s=30)
            yield
            again = [msgspec.structs.replace(on_channel(entry.notification_id), attempt=2) for entry in taken]
            self.log.produce([Message(PUSH, one.recipients[0].id, encode(one)) for one in again])
            yield
            table.finish([entry.identity for entry in taken])
            yield


class Adversary:
    """The log as the audit sees it: the pipeline moves before every call."""

    def __init__(self, pipeline: Pipeline, random: Random) -> None:
        self._pipeline, self._random = pipeline, random

    def move(self) -> None:
        for _ in range(self._random.randrange(MOST_STEPS)):
            next(self._random.choice(self._pipeline.stages))

    def __getattr__(self, name: str):
        self.move()
        return getattr(self._pipeline.log, name)


def look(seed: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Findings]:
    pipeline = Pipeline()
    adversary = Adversary(pipeline, Random(seed))
    waiting = places.waiting

    def moving(*arguments: int):
        adversary.move()
        yield from waiting(*arguments)
        adversary.move()

    monkeypatch.setattr(conservation, "get_log", lambda: adversary)
    monkeypatch.setattr(places, "waiting", moving)
    monkeypatch.setattr(conservation, "CLOCKS_DIFFER_MS", 0)
    for _ in range(LOOKS):
        yield audit()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_moves_while_it_looks_nothing_is_called_lost(seed: int, monkeypatch: pytest.MonkeyPatch):
    seen: set[str] = set()
    for findings in look(seed, monkeypatch):
        assert findings.lost.named == []
        seen |= set(findings.places)
    assert seen >= {RAW, PUSH, "due: retry"}
    assert findings.notifications["delivered"] > 0


def test_what_is_lost_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch):
    produce = reports.produce
    gone: list[str] = []

    def forgetful(some, **options) -> None:
        if not gone and getattr(some[0], "attempt", 0) == 2:
            gone.append(some[0].id)
        else:
            produce(some, **options)

    monkeypatch.setattr(reports, "produce", forgetful)
    *_, findings = look(7, monkeypatch)
    assert gone
    assert [one.id for one in findings.lost.named] == gone
