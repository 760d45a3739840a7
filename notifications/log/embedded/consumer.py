"""A member of a consumer group on the embedded log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

from foundation.clock import now_ms
from notifications.log.embedded.cursors import Cursor, TopicCursors
from notifications.log.embedded.groups import GroupFile, Join, Standing, monotonic_ms, read_generation
from notifications.log.embedded.topic import TopicFile
from notifications.log.port import Assignment, LogRecord, TopicPartition
from notifications.log.shares import enough_for, fair_shares

RENEWALS_A_LEASE = 4
LOOK_EVERY_MS = 50
SESSION_BITS = 62
NOTHING = Assignment()


class _Closes(Protocol):
    def close(self) -> None: ...


class EmbeddedConsumer:
    """The port's Consumer. One thread owns it.

    It answers for its own lease: once that is over (the process was stopped, or paused for long) it gives out nothing
    more, reports all its partitions as revoked, and joins anew at the look after.
    """

    def __init__(self, group: GroupFile, topics: Sequence[TopicFile], member: str, lease_ms: int) -> None:
        self._group = group
        self._member = member
        self._lease_ms = lease_ms
        self._topics = {topic.name: TopicCursors(topic) for topic in topics}
        self._watch = group.open()
        self._generation = -1
        self._owned: dict[TopicPartition, Cursor] = {}
        self._giving_up: set[TopicPartition] = set()
        self._session = 0
        self._join: Join | None = Join.TAKE_OVER
        self._lease_end = self._next_look = self._next_renewal = 0
        self._turn = 0

    # --- membership

    def assignment_changes(self) -> Assignment:
        """See the port. Writes a quarter of a lease apart, or when members came or went; raises LogUnavailable."""
        now = monotonic_ms()
        if self._session and now >= self._lease_end:
            return self._lose_all()
        if now < self._next_look:
            return NOTHING
        self._next_look = now + LOOK_EVERY_MS
        renew = self._join is not None or now >= self._next_renewal
        if not renew and read_generation(self._watch) == self._generation:
            return NOTHING
        return self._look(renew)

    def _look(self, renew: bool) -> Assignment:
        session = self._session or secrets.randbits(SESSION_BITS)
        counts = {name: len(topic.ends) for name, topic in self._topics.items()}
        standing = self._group.meet(self._member, session, counts, join=self._join, renew=renew)
        if standing is None:
            return self._lose_all()
        self._session, self._join, self._generation = session, None, standing.generation
        if renew:
            self._lease_end = standing.seen + self._lease_ms
            self._next_renewal = standing.seen + self._lease_ms // RENEWALS_A_LEASE
        return self._adopt(standing)

    def _adopt(self, standing: Standing) -> Assignment:
        revoked = self._owned.keys() - standing.owned.keys()
        gained = sorted(standing.owned.keys() - self._owned.keys())
        self._drop(revoked)
        for place in gained:
            self._owned[place] = self._topics[place.topic].add(place, standing.owned[place].committed)
        wall = now_ms() - standing.seen
        waits = {place: standing.owned[place].not_before for place in gained}
        return Assignment(
            assigned={place: wall + until if until > standing.seen else 0 for place, until in waits.items()},
            revoking=self._choose(standing.surplus),
            revoked=frozenset(revoked),
        )

    def _choose(self, surplus: Mapping[str, int]) -> frozenset[TopicPartition]:
        """Which partitions to give up where there are too many: first those with nothing under way."""
        chosen: list[TopicPartition] = []
        for topic, count in surplus.items():
            count -= sum(place.topic == topic for place in self._giving_up)
            mine = [c for c in self._owned.values() if c.place.topic == topic and c.place not in self._giving_up]
            mine.sort(key=lambda cursor: (not cursor.clean, -cursor.place.partition))
            chosen += [cursor.place for cursor in mine[: max(0, count)]]
        self._giving_up.update(chosen)
        self.pause(chosen)
        return frozenset(chosen)

    def _lose_all(self) -> Assignment:
        revoked = frozenset(self._owned)
        self._drop(revoked)
        self._session, self._join = 0, Join.IF_FREE if self._session else self._join
        return Assignment(revoked=revoked)

    def _drop(self, places: Sequence[TopicPartition] | frozenset[TopicPartition] | set[TopicPartition]) -> None:
        for place in places:
            self._topics[place.topic].remove(place)
            del self._owned[place]
            self._giving_up.discard(place)

    def release(self, partitions: Sequence[TopicPartition]) -> None:
        """See the port. What was given out and not committed makes the next owner wait for the handover."""
        given = [place for place in partitions if place in self._owned]
        if given:
            self._group.free(self._session, {place: self._owned[place].clean for place in given})
            self._drop(given)

    def close(self) -> None:
        """See the port."""
        try:
            if self._session:
                clean = {place: cursor.clean for place, cursor in self._owned.items()}
                self._group.free(self._session, clean, leave=True)
        finally:
            self._drop(list(self._owned))
            self._session = 0
            parts: tuple[_Closes, ...] = (*self._topics.values(), self._watch, self._group)
            for part in parts:
                part.close()

    # --- reading

    def poll(self, max_records: int, max_bytes: int) -> list[LogRecord]:
        """See the port; the last record may reach beyond `max_bytes`, so that a large one gets through."""
        if monotonic_ms() >= self._lease_end:
            return []
        ready: list[Cursor] = []
        for topic in self._topics.values():
            topic.refresh()
            ready += topic.ready()
        return self._divide(ready, max_records, max_bytes) if ready else []

    def _divide(self, ready: list[Cursor], max_records: int, max_bytes: int) -> list[LogRecord]:
        first = self._turn % len(ready)
        ready = ready[first:] + ready[:first]
        ready = ready[: enough_for((cursor.waiting() for cursor in ready), max_records)]
        records: list[LogRecord] = []
        served = 0
        for cursor, share in zip(ready, fair_shares([c.waiting() for c in ready], max_records), strict=True):
            if max_bytes <= 0 or not share:
                break
            taken = cursor.take(share, max_bytes // (len(ready) - served))
            records += taken
            max_bytes -= sum(len(record.value) for record in taken)
            served += 1
        self._turn = first + served
        return records

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Stops giving out these; nothing they hold is lost."""
        for place in partitions:
            if place in self._owned:
                self._owned[place].paused = True

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives them out again, but for those that are to be given up."""
        for place in partitions:
            if place in self._owned and place not in self._giving_up:
                self._owned[place].paused = False
                self._topics[place.topic].quiet = False

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See the port. Raises LogUnavailable: then it may be done again."""
        mine = {place: offset for place, offset in offsets.items() if place in self._owned}
        if mine:
            self._group.commit(self._session, mine)
        for place, offset in mine.items():
            self._owned[place].committed = offset
