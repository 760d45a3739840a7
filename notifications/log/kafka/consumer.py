"""A member of a consumer group on Kafka."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import Message

from foundation.clock import now_ms
from foundation.errors import LogUnavailable
from notifications.log.kafka import marks
from notifications.log.kafka.cursors import Cursor
from notifications.log.kafka.health import Health
from notifications.log.kafka.membership import SERVE_RECORDS, Membership
from notifications.log.kafka.options import MS, Options
from notifications.log.kafka.reading import record_of
from notifications.log.port import Assignment, LogRecord, TopicPartition
from notifications.log.shares import enough_for, fair_shares


class KafkaConsumer:
    """The port's Consumer. One thread owns it; nothing waits for the network but a commit and a new assignment.

    It answers for its own lease: a thread that didn't look for so long takes everything as lost, and what the group
    still counts as its own is assigned anew.
    """

    def __init__(self, options: Options, health: Health, group: str, topics: Sequence[str], member: str) -> None:
        self._options = options
        self._group = Membership(options, health, group, topics, member)
        self._incarnation = f"{member}/{secrets.token_hex(6)}"
        self._mark = marks.held(self._incarnation)
        self._handover_ms = int(options.handover_s * MS)
        self._owned: dict[TopicPartition, Cursor] = {}
        self._by_name: dict[tuple[str, int], Cursor] = {}
        self._lost_at: dict[TopicPartition, int] = {}
        self._uncommitted: dict[TopicPartition, int] = {}
        self._looked: float | None = None
        self._give_back_by = 0.0
        self._turn = 0

    # --- membership

    def assignment_changes(self) -> Assignment:
        """See the port. Raises LogUnavailable."""
        slept, first = self._slept(), self._looked is None
        self._looked = time.monotonic()
        if slept:
            return Assignment(revoked=self._lose(list(self._owned)))
        if first:
            self._group.join()
        self._collect()
        if self._group.lost or self._group.asked or self._group.granted - self._owned.keys() or self._uncommitted:
            return self._follow()
        return NOTHING

    def _follow(self) -> Assignment:
        lost, self._group.lost = self._group.lost, set()
        revoked = self._lose(lost)
        revoking = self._asked()
        revoked |= self._end_revocation()
        try:
            if self._uncommitted:
                self.commit(dict(self._uncommitted))
            return Assignment(assigned=self._adopt(), revoking=revoking, revoked=revoked)
        except LogUnavailable:
            if revoking or revoked:  # to be known at once; the rest is tried again with the next look
                return Assignment(revoking=revoking, revoked=revoked)
            raise

    def _slept(self) -> bool:
        return self._looked is not None and time.monotonic() - self._looked > self._options.lease_s

    def _adopt(self) -> dict[TopicPartition, int]:
        """Takes what was granted: the mark of its last commit says how long to wait; then it bears our own."""
        new = self._group.granted - self._owned.keys()
        if not new:
            return {}
        found = self._group.find(new)
        waits = {place: self._not_before(place, found[place].mark) for place in new}
        starts = {place: found[place].offset or 0 for place in new}
        if not self._group.commit(starts, self._mark) or not new <= self._group.granted:
            return {}
        self._group.start(starts)
        for place in sorted(new):
            cursor = self._owned[place] = Cursor(place, starts[place], waits[place])
            self._by_name[self._options.outside(place.topic), place.partition] = cursor
            self._lost_at.pop(place, None)
        return {place: waits[place] for place in sorted(new)}

    def _not_before(self, place: TopicPartition, mark: str) -> int:
        return marks.not_before(
            mark,
            self._incarnation,
            now=now_ms(),
            lost_at=self._lost_at.get(place),
            handover_ms=self._handover_ms,
        )

    def _asked(self) -> frozenset[TopicPartition]:
        """What the group has asked for since the last look; nothing more of it is given out."""
        new = [self._owned[place] for place in self._group.asked & self._owned.keys() if not self._owned[place].leaving]
        for cursor in new:
            cursor.leaving = True
        if new:
            self._give_back_by = time.monotonic() + self._options.handover_s
        return frozenset(cursor.place for cursor in new)

    def _end_revocation(self) -> frozenset[TopicPartition]:
        """Gives back what was released; what wasn't in time is lost."""
        waiting = self._group.asked & self._owned.keys()
        if not self._group.asked or (waiting and time.monotonic() < self._give_back_by):
            return frozenset()
        revoked = self._drop(waiting)
        self._group.give_back()
        return revoked

    def _lose(self, places: Iterable[TopicPartition]) -> frozenset[TopicPartition]:
        lost = self._drop(places)
        if not lost:
            return lost
        now = now_ms()
        self._lost_at |= dict.fromkeys(lost, now)
        if self._group.asked:
            self._group.give_back()
        self._group.stop(lost)
        return lost

    def _drop(self, places: Iterable[TopicPartition]) -> frozenset[TopicPartition]:
        dropped = frozenset(self._owned.keys() & set(places))
        for place in dropped:
            del self._owned[place]
            del self._by_name[self._options.outside(place.topic), place.partition]
            self._uncommitted.pop(place, None)
        return dropped

    def release(self, partitions: Sequence[TopicPartition]) -> None:
        """See the port. Only what the group asked for can be given up; the rest stays until it is asked for."""
        given = [place for place in partitions if place in self._owned and self._owned[place].leaving]
        if not given:
            return
        try:
            self._say_released(given)
        finally:
            self._drop(given)
            self._end_revocation()

    def _say_released(self, places: Iterable[TopicPartition]) -> None:
        """What has nothing under way, nor had the owner before, needs no wait."""
        now = now_ms()
        cursors = [self._owned[place] for place in places]
        clean = {c.place: c.committed for c in cursors if c.clean and c.not_before <= now}
        if clean:
            self._group.commit(clean, marks.RELEASED)

    def close(self) -> None:
        """See the port."""
        try:
            if self._owned and not self._slept():
                self._say_released(self._owned)
        finally:
            self._drop(list(self._owned))
            self._group.close()

    # --- reading

    def poll(self, max_records: int, max_bytes: int) -> list[LogRecord]:
        """See the port; the last record may reach beyond `max_bytes`, so that a large one gets through."""
        if self._slept():
            return []
        self._collect()
        ready = [cursor for cursor in self._owned.values() if cursor.ready()]
        if not ready:
            return []
        records = self._divide(ready, max_records, max_bytes)
        self._hush([cursor for cursor in ready if cursor.stopped and cursor.low], quiet=False)
        return records

    @property
    def fetched(self) -> int:
        """How many records have come that weren't given out."""
        return sum(len(cursor.buffer) for cursor in self._owned.values())

    def _collect(self) -> None:
        """Takes what has come, for paused partitions too."""
        for message in self._group.serve(SERVE_RECORDS):
            cursor = self._cursor_of(message)
            if cursor is not None:
                cursor.put(record_of(message, cursor.place.topic))
                if not cursor.stopped and cursor.full:
                    self._hush([cursor], quiet=True)

    def _cursor_of(self, message: Message) -> Cursor | None:
        return self._by_name.get((message.topic() or "", message.partition() or 0))

    def _hush(self, cursors: list[Cursor], *, quiet: bool) -> None:
        self._group.hush([cursor.place for cursor in cursors], quiet)
        for cursor in cursors:
            cursor.stopped = quiet

    def _divide(self, ready: list[Cursor], max_records: int, max_bytes: int) -> list[LogRecord]:
        first = self._turn % len(ready)
        ready = ready[first:] + ready[:first]
        chosen = ready[: enough_for((len(cursor.buffer) for cursor in ready), max_records)]
        records: list[LogRecord] = []
        served = 0
        for cursor, share in zip(chosen, fair_shares([len(c.buffer) for c in chosen], max_records), strict=True):
            if max_bytes <= 0 or not share:
                break
            taken = cursor.take(share, max_bytes // (len(chosen) - served))
            records += taken
            max_bytes -= sum(len(record.value) for record in taken)
            served += 1
        self._turn = first + served
        return records

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Stops giving out these. What comes for them is kept, to a bound: they go on at once when they are resumed."""
        for place in partitions:
            if place in self._owned:
                self._owned[place].paused = True

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives them out again, but for those that are to be given up."""
        for place in partitions:
            if place in self._owned:
                self._owned[place].paused = False

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See the port. Raises LogUnavailable; then it is tried again with the next look."""
        if self._slept():
            return
        mine = {place: offset for place, offset in offsets.items() if place in self._owned}
        if not mine:
            return
        self._uncommitted |= mine
        if self._group.commit(mine, self._mark):
            for place, offset in mine.items():
                self._owned[place].committed = offset
                if self._uncommitted.get(place) == offset:
                    del self._uncommitted[place]


NOTHING = Assignment()
