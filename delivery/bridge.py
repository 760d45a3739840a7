"""The bridge: polls topics, hands what it got to Celery as one chain, waits for "settled", commits (design.md, idea 1).

Invariants:
- a partition has at most one flight; it is paused while it has one;
- an offset is committed only when everything before it is settled;
- no word in time: the batch goes out again, marked as a repeat, after deadline and margin, never before;
- a partition that wasn't given up cleanly waits until the old owner's batch can't run, and is marked as far as that may
  have reached; nothing more of a partition is taken before what is done of it is committed: so that is one batch;
- nothing is buffered: what isn't in flight stays on the log.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from delivery import controls, quarantine, stopping, words
from delivery.dispatch import dispatch
from delivery.flight import Flight, Part
from delivery.served_topic import ServedTopic, Unproven
from delivery.tracker_position import CHECKED_TOPICS, end_of_reports, not_passed, passed
from foundation import meters
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable, LogUnavailable, QuarantineFull
from foundation.process import pulse
from foundation.redis import Unreachable, key
from notifications.log.port import Log, LogRecord, TopicPartition
from notifications.topology import TOPICS

TRACKER_LOOK_MS = 30
LOOK_AT_STOPS_MS = 1_000
LARGE_PART = 4  # a quarter of what a batch may hold
# Who had nothing to do for so long rests longer between two looks: at rest a bridge costs what its looks cost.
DROWSY_AFTER_MS, DROWSY_RESTS = 1_000, 4

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class BridgeOptions:
    """Figures from the settings: counts, bytes, milliseconds. `direct`: the log is away (delivery/direct_log.py)."""

    max_records: int
    max_bytes: int
    deadline_ms: int
    margin_ms: int
    rest_ms: int
    flights: int
    back_off_ms: int = 500
    direct: bool = False


class Bridge:
    """One bridge process. `member` is its stable name in every consumer group."""

    def __init__(self, engine: Log, topics: Iterable[str], member: str, options: BridgeOptions) -> None:
        self.log = engine
        self.options = options
        self.member = member
        self.reply = key("words", member, f"{socket.gethostname()}-{os.getpid()}-{now_ms()}")
        self.topics = {
            name: ServedTopic(name, engine.consumer(TOPICS[name].group, [name], member))
            for name in dict.fromkeys(topics)
        }
        self.in_flight: dict[str, Flight] = {}
        self.held: list[tuple[int, Flight]] = []
        self.uncommitted: dict[int, Flight] = {}
        self.turn_began = now_ms()
        self.next_look = self.next_commit = 0
        self.waited_in_vain = False
        self.worked_at = 0
        self.passed: dict[int, int] = {}
        self.passed_at = 0
        for name, served in self.topics.items():
            meters.FLIGHTS.labels(name).set_function(partial(getattr, served, "flights"))
            meters.OLDEST.labels(name).set_function(partial(self._oldest_s, name))

    # --- one turn

    def turn(self) -> None:
        """One round: membership, words, what is overdue, new batches; rests when there was nothing."""
        now = self.turn_began = now_ms()
        pulse.beat()
        first = next(iter(self.topics))  # each in its turn: while brokers don't answer, one's try counts for all
        self.topics[first] = self.topics.pop(first)
        for served in self.topics.values():
            try:
                self._follow_assignment(served, now)
            except LogUnavailable as error:
                served.rest(now + self.options.back_off_ms, str(error))
        self._look_at_stops(now)
        self._commit_again(now)
        worked = not self.waited_in_vain and self._hear(0)
        self._send_overdue(now)
        self._send_held(now)
        worked |= any([self._take(served, now) for served in self.topics.values()])
        if worked or self.in_flight:
            self.worked_at = now
        self.waited_in_vain = not worked and not self._hear(self.rest_ms(now) / 1000)

    def rest_ms(self, now: int) -> int:
        """How long a look that finds nothing at `now` (ms) lets it rest."""
        drowsy = now - self.worked_at > DROWSY_AFTER_MS
        return self.options.rest_ms * (DROWSY_RESTS if drowsy else 1)

    def drain(self, seconds: float) -> None:
        """Takes nothing more, waits for what is in flight, commits it and leaves the groups."""
        until = time.monotonic() + seconds
        while (self.in_flight or self.uncommitted) and time.monotonic() < until:
            with suppress(LogUnavailable):
                for served in self.topics.values():
                    served.consumer.assignment_changes()
            self._hear(0.05)
            self._commit_again(now_ms())
        for served in self.topics.values():
            with suppress(LogUnavailable):  # then the next owner waits as if we had died
                served.consumer.close()

    # --- membership

    def _follow_assignment(self, served: ServedTopic, now: int) -> None:
        changes = served.consumer.assignment_changes()
        for partition, not_before in changes.assigned.items():
            if not_before:  # not given up cleanly: what the old owner had under way may have been done
                served.unproven[partition] = Unproven(assigned=now)
            if not_before > now:
                served.waiting[partition] = not_before
                served.consumer.pause([partition])
        served.wake(now)
        if changes.revoked:
            self._lose(served, changes.revoked)
        if changes.revoking:
            served.leaving |= changes.revoking
            served.consumer.pause(list(changes.revoking))
        if served.leaving:
            self._release_idle(served)

    def _lose(self, served: ServedTopic, partitions: Iterable[TopicPartition]) -> None:
        gone = list(partitions)
        for flight in self._all_flights():
            flight.lose(gone)
        served.forget(gone)

    def _release_idle(self, served: ServedTopic) -> None:
        busy = {partition for flight in self._all_flights() for partition in flight.offsets}
        idle = [partition for partition in served.leaving if partition not in busy]
        if idle:
            served.consumer.release(idle)
            self._lose(served, idle)

    def _oldest_s(self, topic: str) -> float:
        oldest = [flight.oldest for flight in self._all_flights() if flight.topic == topic]
        return (now_ms() - min(oldest)) / 1_000 if oldest else 0.0

    def _all_flights(self) -> list[Flight]:
        return [*self.in_flight.values(), *(flight for _, flight in self.held), *self.uncommitted.values()]

    # --- taking and sending

    def _take(self, served: ServedTopic, now: int) -> bool:
        if served.flights >= self.options.flights or now < served.rest_until or served.gathers(now):
            return False
        if served.stopped or served.shut(now):
            return False
        try:
            records = served.poll(self.options.max_records, self.options.max_bytes)
        except LogUnavailable as error:
            served.rest(now + self.options.back_off_ms, str(error))
            return False
        served.large = self._is_large(records)
        if not records:
            return False
        served.took_at = now
        flight = Flight.of(served.name, records, served.may_be_repeats(records, self.options.max_records))
        flight.taken_at = now
        meters.BATCH.labels(served.name).observe(len(records))
        served.consumer.pause(flight.partitions)
        served.flights += 1
        self._begin_repeat(flight)
        self._send(flight)
        return True

    def _look_at_stops(self, now: int) -> None:
        """Once a second: topics whose quarantine fills too fast rest, held batches too (delivery/stopping.py)."""
        if now < self.next_look:
            return
        self.next_look = now + LOOK_AT_STOPS_MS
        try:
            stops = stopping.stops(self.topics)
        except Unreachable:
            return
        paused = controls.paused_topics()
        for name, served in self.topics.items():
            served.stop(name in stops or name in paused)

    def _is_large(self, records: Sequence[LogRecord]) -> bool:
        """Whether a poll was large enough for its chain's cost to vanish: the next needn't wait for company."""
        size = sum(len(record.value) for record in records)
        return len(records) * LARGE_PART >= self.options.max_records or size * LARGE_PART >= self.options.max_bytes

    def _begin_repeat(self, flight: Flight) -> None:
        """From now on the flight may hold a repeat: what was reported until now must be in the store before it goes."""
        if flight.topic in CHECKED_TOPICS and flight.may_be_repeat:
            flight.awaits = None

    def _tracker_is_behind(self, flight: Flight) -> bool:
        if flight.awaits == {}:
            return False
        try:
            if flight.awaits is None:
                flight.awaits = end_of_reports(self.log)
            flight.awaits = not_passed(flight.awaits, self._passed())
        except LogUnavailable:
            return True
        return bool(flight.awaits)

    def _passed(self) -> dict[int, int]:
        """How far the tracker is, or was a moment ago: one question for all flights. Raises LogUnavailable."""
        now = now_ms()
        if now - self.passed_at >= TRACKER_LOOK_MS:
            self.passed, self.passed_at = passed(self.log), now
        return self.passed

    def _send(self, flight: Flight) -> None:
        """Sends the flight's current part; if Redis is known to be away it is held and certainly not sent."""
        if not flight.keep_owned():
            self._finish(flight)
            return
        if self._tracker_is_behind(flight):
            self.held.append((now_ms() + TRACKER_LOOK_MS, flight))
            return
        now = self.turn_began  # what was owned then: a bridge that slept since sends nothing that outlives its lease
        deadline = now + self.options.deadline_ms
        flight.resend_at = deadline + self.options.margin_ms
        try:
            dispatch(flight, reply=self.reply, polled_at=now, deadline=deadline, direct=self.options.direct)
        except Unreachable as error:
            log.warning("broker is away, batch is held", topic=flight.topic, why=str(error))
            self.held.append((now + self.options.back_off_ms, flight))
            return
        self.in_flight[flight.batch] = flight

    def _send_held(self, now: int) -> None:
        due = [flight for at, flight in self.held if at <= now and not self.topics[flight.topic].stopped]
        if due:
            going = set(map(id, due))
            self.held = [(at, flight) for at, flight in self.held if id(flight) not in going]
            for flight in due:
                self._send(flight)

    def _send_overdue(self, now: int) -> None:
        if any(now >= flight.resend_at for flight in self.in_flight.values()):
            self._hear(0)  # a bridge that slept may have its word
        for flight in [flight for flight in self.in_flight.values() if now >= flight.resend_at]:
            del self.in_flight[flight.batch]
            meters.WORDS.labels(flight.topic, "overdue").inc()
            if self._worker_died(flight.batch):
                self._blame(flight, "its worker started and died")
            else:
                log.warning("no word in time, batch goes out again", topic=flight.topic, batch=flight.batch)
                flight.repeat_later()
                self._begin_repeat(flight)
                self._send(flight)

    def _worker_died(self, batch: str) -> bool:
        try:
            return words.worker_died(batch)
        except Unreachable:
            return False

    # --- words

    def _hear(self, wait_s: float) -> bool:
        """Acts on what is said within `wait_s`; whether there was anything. Nobody has a word for a bridge with nothing
        in flight: it doesn't ask.
        """
        if not self.in_flight:
            time.sleep(wait_s)
            return False
        try:
            heard = words.hear(self.reply, wait_s)
        except Unreachable:
            time.sleep(self.options.rest_ms / 1000)
            return False
        for word in heard:
            flight = self.in_flight.pop(word.batch, None)
            if flight is not None:  # else: a late word of a sending that was given up
                self._act(flight, word)
        return bool(heard)

    def _act(self, flight: Flight, word: words.Word) -> None:
        meters.WORDS.labels(flight.topic, word.word).inc()
        if word.word == words.SETTLED:
            self._settled(flight)
        elif word.word == words.LATER:
            log.warning("a server is away, batch waits", topic=flight.topic, why=word.why)
            flight.repeat_later()
            self._begin_repeat(flight)
            self.held.append((now_ms() + self.options.back_off_ms, flight))
        else:
            self._blame(flight, word.why)

    def _settled(self, flight: Flight) -> None:
        if flight.settle():
            self._finish(flight)
        else:
            self._send(flight)

    def _blame(self, flight: Flight, why: str) -> None:
        poison = flight.blame()
        if poison is not None and not self._quarantine(flight, poison, why):
            flight.parts.appendleft(poison)
            self.held.append((now_ms() + self.options.back_off_ms, flight))
        elif flight.parts:
            self._begin_repeat(flight)
            self._send(flight)
        else:
            self._finish(flight)

    def _quarantine(self, flight: Flight, part: Part, why: str) -> bool:
        rows = [(record.partition, record.offset, record.value, dict(record.headers)) for record in part.records]
        try:
            quarantine.put(flight.topic, rows, why)
        except (ControlPlaneUnavailable, QuarantineFull) as error:
            log.warning("a poison record waits", topic=flight.topic, why=str(error))
            return False
        return True

    def _finish(self, flight: Flight) -> None:
        """Commits; until that is durable nothing more of its partitions is taken, or whoever reads them next would find
        more than one batch that was done before.
        """
        served = self.topics[flight.topic]
        try:
            served.consumer.commit(flight.offsets)
        except LogUnavailable as error:
            if id(flight) not in self.uncommitted:
                log.warning("offsets not committed yet", topic=flight.topic, why=str(error))
                self.uncommitted[id(flight)] = flight
            return
        self.uncommitted.pop(id(flight), None)
        served.flights -= 1
        meters.SETTLE.labels(flight.topic).observe((now_ms() - flight.taken_at) / 1_000)
        served.consumer.resume([partition for partition in flight.offsets if partition not in served.leaving])

    def _commit_again(self, now: int) -> None:
        if self.uncommitted and now >= self.next_commit:
            self.next_commit = now + self.options.back_off_ms
            for flight in list(self.uncommitted.values()):
                self._finish(flight)
