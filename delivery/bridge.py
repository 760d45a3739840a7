"""The bridge: polls topics, hands what it got to Celery as one chain, waits for "settled", commits (design.md, idea 1).

Invariants:
- a partition has at most one flight; it is paused while it has one;
- an offset is committed only when everything before it is settled;
- no word in time: the batch goes out again, marked as a repeat, after deadline and margin, never before;
- the first batch of a partition that wasn't given up cleanly is marked too, and waits until the old owner's can't run;
- nothing is buffered: what isn't in flight stays on the log.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import chain, current_app
from kombu.exceptions import OperationalError

from delivery import breaker, payloads, quarantine, words
from delivery.batch import Batch, BatchRecord
from delivery.flight import Flight, Part
from delivery.tracker_position import CHECKED_TOPICS, end_of_reports, not_passed
from foundation.clock import now_ms
from foundation.errors import ControlPlaneUnavailable, LogUnavailable
from foundation.identifiers import new_batch_id
from foundation.redis import Unreachable, key
from notifications.log.port import Consumer, Log, LogRecord, TopicPartition
from notifications.records import HEADER_REPEAT, HEADER_TRACE
from notifications.topology import CHANNELS, TOPICS, channel_topic

LOOK_AT_BREAKERS_MS = 1_000
TRACKER_LOOK_MS = 30
CHANNEL_OF = {
    channel_topic(channel, lane): channel
    for channel in CHANNELS
    if channel != "in_app"
    for lane in ("standard", "bulk")
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class BridgeOptions:
    """Figures from the settings: counts, bytes, milliseconds."""

    max_records: int
    max_bytes: int
    deadline_ms: int
    margin_ms: int
    rest_ms: int
    flights: int
    back_off_ms: int = 500


@dataclass
class TopicState:
    """One topic as this bridge serves it."""

    consumer: Consumer
    owned: set[TopicPartition] = field(default_factory=set)
    unproven: set[TopicPartition] = field(default_factory=set)
    waiting: dict[TopicPartition, int] = field(default_factory=dict)
    leaving: set[TopicPartition] = field(default_factory=set)
    flights: int = 0
    rest_until: int = 0
    next_look: int = 0
    took_at: int = 0
    full: bool = False


class Bridge:
    """One bridge process. `member` is its stable name in every consumer group."""

    def __init__(self, engine: Log, topics: Iterable[str], member: str, options: BridgeOptions) -> None:
        self.log = engine
        self.options = options
        self.member = member
        self.reply = key("words", member, f"{socket.gethostname()}-{os.getpid()}-{now_ms()}")
        self.topics = {
            name: TopicState(engine.consumer(TOPICS[name].group, [name], member)) for name in dict.fromkeys(topics)
        }
        self.in_flight: dict[str, Flight] = {}
        self.held: list[tuple[int, Flight]] = []
        self.turn_began = now_ms()

    # --- one turn

    def turn(self) -> None:
        """One round: membership, words, what is overdue, new batches; rests when there was nothing."""
        now = self.turn_began = now_ms()
        for name, state in self.topics.items():
            try:
                self._follow_assignment(name, state, now)
            except LogUnavailable as error:
                self._rest(name, state, str(error))
        worked = self._hear(0)
        self._send_overdue(now)
        self._send_held(now)
        worked |= any([self._take(name, state, now) for name, state in self.topics.items()])
        if not worked:
            self._hear(self.options.rest_ms / 1000)

    def drain(self, seconds: float) -> None:
        """Takes nothing more, waits for what is in flight, commits it and leaves the groups."""
        until = time.monotonic() + seconds
        while self.in_flight and time.monotonic() < until:
            with suppress(LogUnavailable):
                for state in self.topics.values():
                    state.consumer.assignment_changes()
            self._hear(0.05)
        for state in self.topics.values():
            with suppress(LogUnavailable):  # then the next owner waits as if we had died
                state.consumer.close()

    # --- membership

    def _follow_assignment(self, name: str, state: TopicState, now: int) -> None:
        changes = state.consumer.assignment_changes()
        for partition, not_before in changes.assigned.items():
            state.owned.add(partition)
            if not_before:  # not given up cleanly: what the old owner had under way may have been done
                state.unproven.add(partition)
            if not_before > now:
                state.waiting[partition] = not_before
                state.consumer.pause([partition])
        ready = [partition for partition, at in state.waiting.items() if at <= now]
        if ready:
            for partition in ready:
                del state.waiting[partition]
            state.consumer.resume(ready)
        if changes.revoked:
            self._lose(state, changes.revoked)
        if changes.revoking:
            state.leaving |= changes.revoking
            state.consumer.pause(list(changes.revoking))
        self._release_idle(name, state)

    def _lose(self, state: TopicState, partitions: Iterable[TopicPartition]) -> None:
        gone = list(partitions)
        for flight in self._all_flights():
            flight.lose(gone)
        for partition in gone:
            state.owned.discard(partition)
            state.unproven.discard(partition)
            state.leaving.discard(partition)
            state.waiting.pop(partition, None)

    def _release_idle(self, name: str, state: TopicState) -> None:
        if not state.leaving:
            return
        busy = {partition for flight in self._all_flights() if flight.topic == name for partition in flight.offsets}
        idle = [partition for partition in state.leaving if partition not in busy]
        if idle:
            state.consumer.release(idle)
            self._lose(state, idle)

    def _all_flights(self) -> list[Flight]:
        return [*self.in_flight.values(), *(flight for _, flight in self.held)]

    # --- taking and sending

    def _take(self, name: str, state: TopicState, now: int) -> bool:
        if state.flights >= self.options.flights or now < state.rest_until or self._gathers(name, state, now):
            return False
        if self._shut(name, state, now):
            return False
        try:
            records = state.consumer.poll(self.options.max_records, self.options.max_bytes)
        except LogUnavailable as error:
            self._rest(name, state, str(error))
            return False
        state.full = len(records) >= self.options.max_records
        if not records:
            return False
        state.took_at = now
        partitions = {record.partition for record in records}
        marked = frozenset(p for p in partitions if TopicPartition(name, p) in state.unproven)
        flight = Flight.of(name, records, marked)
        state.consumer.pause(flight.partitions)
        state.flights += 1
        self._begin_repeat(flight)
        self._send(flight)
        return True

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
            flight.awaits = not_passed(self.log, flight.awaits)
        except LogUnavailable:
            return True
        return bool(flight.awaits)

    def _gathers(self, name: str, state: TopicState, now: int) -> bool:
        """Whether what comes in waits for company: a batch went just now, and it wasn't full.

        At rest a record goes at once. Under load batches grow instead of multiplying: a chain costs about the same
        whatever it carries.
        """
        return not state.full and now - state.took_at < TOPICS[name].gather_ms

    def _shut(self, name: str, state: TopicState, now: int) -> bool:
        """Whether no account of this topic's channel takes sends: then its partitions wait on the log."""
        channel = CHANNEL_OF.get(name)
        if channel is None or now < state.next_look:
            return False
        state.next_look = now + LOOK_AT_BREAKERS_MS
        try:
            wait = breaker.shut_ms(channel)
        except Unreachable:
            return False
        if wait:
            self._rest(name, state, f"every account of {channel} is shut for {wait} ms")
            state.rest_until = now + wait
        return wait > 0

    def _rest(self, name: str, state: TopicState, why: str) -> None:
        log.warning("topic rests", topic=name, why=why)
        state.rest_until = now_ms() + self.options.back_off_ms

    def _send(self, flight: Flight) -> None:
        """Sends the flight's current part; if Redis is known to be away it is held and certainly not sent."""
        if self._tracker_is_behind(flight):
            self.held.append((now_ms() + TRACKER_LOOK_MS, flight))
            return
        now = self.turn_began  # what was owned then: a bridge that slept since sends nothing that outlives its lease
        flight.batch = new_batch_id()
        deadline = now + self.options.deadline_ms
        flight.resend_at = deadline + self.options.margin_ms
        try:
            where = payloads.put(self._batch(flight, deadline, now))
        except Unreachable as error:
            log.warning("broker is away, batch is held", topic=flight.topic, why=str(error))
            self.held.append((now + self.options.back_off_ms, flight))
            return
        self.in_flight[flight.batch] = flight
        try:
            self._chain(flight, where, deadline).apply_async()
        except (OperationalError, *Unreachable) as error:
            # Sent or not, nobody knows: it stays in flight, and its clock decides.
            log.warning("batch may not have been sent", topic=flight.topic, why=str(error))

    def _batch(self, flight: Flight, deadline: int, now: int) -> Batch:
        topic = TOPICS[flight.topic]
        return Batch(
            id=flight.batch,
            reply=self.reply,
            topic=topic.name,
            lane=topic.lane,
            deadline=deadline,
            polled_at=now,
            records=[_batch_record(record, flight, flight.part) for record in flight.part.records],
        )

    def _chain(self, flight: Flight, where: str, deadline: int) -> Any:
        topic = TOPICS[flight.topic]
        expires = datetime.fromtimestamp(deadline / 1000, UTC)
        options = {"queue": topic.queue, "expires": expires, "retry": False}
        first, *rest = topic.chain
        return chain(
            current_app.signature(first, args=(where,)).set(**options),
            *(current_app.signature(name).set(**options) for name in rest),
        )

    def _send_held(self, now: int) -> None:
        due = [flight for at, flight in self.held if at <= now]
        if due:
            self.held = [(at, flight) for at, flight in self.held if at > now]
            for flight in due:
                self._send(flight)

    def _send_overdue(self, now: int) -> None:
        for flight in [flight for flight in self.in_flight.values() if now >= flight.resend_at]:
            del self.in_flight[flight.batch]
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
        if flight.parts:
            self._begin_repeat(flight)
            self._send(flight)
        else:
            self._finish(flight)

    def _quarantine(self, flight: Flight, part: Part, why: str) -> bool:
        rows = [(record.partition, record.offset, record.value, dict(record.headers)) for record in part.records]
        try:
            quarantine.put(flight.topic, rows, why)
        except ControlPlaneUnavailable:
            return False
        return True

    def _finish(self, flight: Flight) -> None:
        state = self.topics[flight.topic]
        state.flights -= 1
        try:
            state.consumer.commit(flight.offsets)
        except LogUnavailable as error:
            # Done but not committed: whoever reads it again finds the first batch marked.
            log.warning("offsets not committed", topic=flight.topic, why=str(error))
        state.unproven -= set(flight.offsets)
        back = [partition for partition in flight.offsets if partition not in state.leaving]
        state.consumer.resume(back)


def _batch_record(record: LogRecord, flight: Flight, part: Part) -> BatchRecord:
    headers: Mapping[str, str] = record.headers or {}
    return BatchRecord(
        partition=record.partition,
        offset=record.offset,
        value=record.value,
        repeat=part.repeat or record.partition in flight.marked or HEADER_REPEAT in headers,
        trace=headers.get(HEADER_TRACE, ""),
    )
