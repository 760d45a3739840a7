"""The client in its group: what the group gave, what it asks back, and commits.

Nothing is done inside of librdkafka's callbacks but to take note. A revocation lasts until `give_back`: librdkafka
keeps the partitions for us, and the group waits. The Python binding would end it as soon as the callback returns,
unless the callback has tried to itself; a try that is refused (a partition that isn't there) counts as one.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import NamedTuple

import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from foundation.errors import LogUnavailable
from notifications.log.kafka.health import Health
from notifications.log.kafka.options import MS, Options, as_unavailable, code, reason
from notifications.log.port import TopicPartition
from notifications.topology import TOPICS

HEARTBEATS_A_LEASE = 10
# Else a broker answers each fetch with a record or two. Where records gather for longer, it may wait for as long.
FETCH_WAIT_MS, FETCH_MIN_BYTES = 50, 64 * 1024
FETCH_BYTES = 512 * 1024
QUEUE_RECORDS, QUEUE_KBYTES = 1_000, 8 * 1024
RETRY_FETCH_MS = 20
COMMIT_S = 1.0
SERVE_S = 0.002
SERVE_RECORDS = 1_000
LEAVE_S, CLOSE_S = 1.0, 5.0
ASK_EVERY_S = 5.0
NOBODYS = Place("none", 0)

# The group goes on without us, or with a newer process of our name.
NOT_A_MEMBER = frozenset(
    [
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._FENCED,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._FATAL,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.FENCED_MEMBER_EPOCH,
    ]
)
AGAIN = frozenset([KafkaError.REBALANCE_IN_PROGRESS, KafkaError._IN_PROGRESS])
PASSING = frozenset([KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._MAX_POLL_EXCEEDED])

log = structlog.get_logger(__name__)


class Found(NamedTuple):
    """What the group has of a partition: offset, or None where nothing was committed, and the commit's mark."""

    offset: int | None
    mark: str


class Membership:
    """One member of one group. One thread owns it. Partitions are given with the platform's own topic names."""

    def __init__(self, options: Options, health: Health, group: str, topics: Sequence[str], member: str) -> None:
        self._options = options
        self._health = health
        self._topics = [options.outside(topic) for topic in topics]
        self._fetch_wait_ms = min([_fetch_wait_ms(topic) for topic in topics], default=FETCH_WAIT_MS)
        self.granted: set[TopicPartition] = set()
        self.asked: set[TopicPartition] = set()
        self.lost: set[TopicPartition] = set()
        self.fenced = False
        self._started: set[TopicPartition] = set()
        self._closing = False
        self._came: list[Message] = []  # and wasn't asked for yet
        self._answer: tuple[dict[TopicPartition, int], int] | None = None
        self._group, self._member = group, member
        self._fenced_at = self._ask_at = 0.0
        self._client = self._make_client()

    def _make_client(self) -> Consumer:
        return Consumer(
            self._options.client(
                self._health.heard,
                group_id=self._options.outside(self._group),
                group_instance_id=self._member,
                group_protocol="classic",
                partition_assignment_strategy="cooperative-sticky",
                session_timeout_ms=int(self._options.lease_s * MS),
                heartbeat_interval_ms=int(self._options.lease_s * MS / HEARTBEATS_A_LEASE),
                max_poll_interval_ms=int((self._options.lease_s + self._options.handover_s) * MS),
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                auto_offset_reset="earliest",
                fetch_wait_max_ms=self._fetch_wait_ms,
                fetch_min_bytes=FETCH_MIN_BYTES,
                fetch_error_backoff_ms=RETRY_FETCH_MS,
                fetch_queue_backoff_ms=RETRY_FETCH_MS,
                fetch_message_max_bytes=FETCH_BYTES,
                queued_min_messages=QUEUE_RECORDS,
                queued_max_messages_kbytes=QUEUE_KBYTES,
                # Its default, to forget all brokers once none answers, is where its threads deadlock (decision 12).
                metadata_recovery_strategy="none",
            )
            | {"on_commit": self._on_commit}
        )

    def join(self) -> None:
        """Enters the group; what it gives shows in `granted` after some calls of `serve`."""
        with as_unavailable():
            self._client.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )

    # --- librdkafka's callbacks, inside of `serve`

    def _on_assign(self, client: Consumer, places: list[Place]) -> None:
        self._health.answered()
        client.incremental_assign([])  # they start when their positions are known
        self.granted.update(self._inside(places))

    def _on_revoke(self, client: Consumer, places: list[Place]) -> None:
        given = self._inside(places)
        self.granted -= given
        self.asked |= given
        if self._closing or not self._started & given:
            self.give_back()
            return
        with suppress(KafkaException):
            client.incremental_unassign([NOBODYS])

    def _on_lost(self, client: Consumer, places: list[Place]) -> None:
        gone = self._inside(places)
        self.granted -= gone
        self.asked -= gone
        self.lost |= gone
        client.incremental_unassign(self._outside(self._forget(gone)))

    def _on_commit(self, error: KafkaError | None, places: list[Place]) -> None:
        failed = error or next((place.error for place in places if place.error is not None), None)
        offsets = {TopicPartition(self._options.inside(p.topic), p.partition): p.offset for p in places}
        self._answer = offsets, failed.code() if failed is not None else 0

    # --- being a member

    def serve(self, most: int, timeout_s: float = 0) -> list[Message]:
        """Keeps the membership alive; what has come, up to about `most`. Raises LogUnavailable; then what came comes
        with the next call: a message that was thrown away would be passed over, and never be read.
        """
        self._receive(most, timeout_s)
        came, self._came = self._came, []
        return came

    def _ask_whether_it_lives(self) -> None:
        """A client whose own thread has deadlocked (librdkafka #5476) brings nothing more, and with nothing to commit
        nobody would see. This question goes through that thread: it hangs with it, and the watchdog sees that.
        """
        now = time.monotonic()
        if now >= self._ask_at:
            self._ask_at = now + ASK_EVERY_S
            with suppress(KafkaException):
                self._client.assignment()

    def _receive(self, most: int, timeout_s: float) -> None:
        if self.fenced:
            self._come_back()
            return
        self._ask_whether_it_lives()
        try:
            messages = self._client.consume(most, timeout_s)
        except KafkaException as error:
            self._heard(error.args[0])
            return
        self._came += [message for message in messages if message.error() is None]
        for message in messages:
            if (unsound := message.error()) is not None:
                self._heard(unsound)

    def _heard(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in (KafkaError.FENCED_INSTANCE_ID, KafkaError._FATAL):
            log.error("another process has this member's name: this one stays out for a lease", why=error.str())
            self.fenced, self._fenced_at = True, time.monotonic()
            self.lost |= self.granted | self.asked
            self.granted, self.asked = set(), set()
        elif error.code() not in PASSING:
            raise LogUnavailable(reason(error))

    def _come_back(self) -> None:
        """Joins anew after a lease. A broker that died while a member joined fences the very process it was: an answer
        that was lost is a stranger to it. Where two processes do have one name, each has its turn, and the log says so.
        """
        if time.monotonic() - self._fenced_at < self._options.lease_s:
            return
        Thread(target=self._client.close, name="kafka-leaving", daemon=True).start()
        self._started, self._came = set(), []
        self._client = self._make_client()
        self.fenced = False
        self.join()

    def find(self, places: Collection[TopicPartition]) -> dict[TopicPartition, Found]:
        """What the group has committed. Raises LogUnavailable."""
        limit_s = self._health.admit(COMMIT_S)
        with as_unavailable():
            found = self._client.committed(self._outside(places), timeout=limit_s)
        for place in found:
            if place.error is not None:
                raise LogUnavailable(reason(place.error))
        self._health.answered()
        return {
            TopicPartition(self._options.inside(p.topic), p.partition): Found(
                None if p.offset == OFFSET_INVALID else p.offset, p.metadata or ""
            )
            for p in found
        }

    def start(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Lets partitions that were granted come, from these offsets on: also those that were hushed when they were
        last ours, which librdkafka remembers.
        """
        with as_unavailable():
            self._client.incremental_assign(
                [Place(self._options.outside(p.topic), p.partition, offset) for p, offset in offsets.items()]
            )
            self._client.resume(self._outside(offsets))
        self._started |= offsets.keys()

    def stop(self, places: Iterable[TopicPartition]) -> None:
        """They come no more; the group still counts them as ours."""
        stopped = self._forget(places)
        if stopped:
            with as_unavailable():
                self._client.incremental_unassign(self._outside(stopped))

    def give_back(self) -> None:
        """Ends a revocation: the group may give them to others."""
        asked, self.asked = self.asked, set()
        with as_unavailable():
            self._client.incremental_unassign(self._outside(self._forget(asked)))

    def hush(self, places: Collection[TopicPartition], quiet: bool) -> None:
        """Stops or goes on fetching them; what came ahead is thrown away, and comes again."""
        if places:
            with as_unavailable():
                (self._client.pause if quiet else self._client.resume)(self._outside(places))

    def commit(self, offsets: Mapping[TopicPartition, int], mark: str) -> bool:
        """Makes `offsets` durable; False if the group no longer counts us in. Raises LogUnavailable."""
        end = time.monotonic() + self._health.admit(COMMIT_S)
        while True:
            answer = self._commit_once(offsets, mark, end)
            if answer == 0:
                self._health.answered()
                return True
            if answer in NOT_A_MEMBER:
                return False
            if answer not in AGAIN or time.monotonic() > end:
                raise LogUnavailable("Kafka: the group doesn't take a commit: " + KafkaError(answer).str())
            self._receive(SERVE_RECORDS, SERVE_S)

    def _commit_once(self, offsets: Mapping[TopicPartition, int], mark: str, end: float) -> int:
        """The answer's number; 0 is well."""
        self._answer = None
        asked = [
            Place(self._options.outside(p.topic), p.partition, offset, metadata=mark) for p, offset in offsets.items()
        ]
        try:
            self._client.commit(offsets=asked, asynchronous=True)
        except KafkaException as error:
            return code(error)
        while not (answer := self._answer_to(offsets)):
            self._receive(SERVE_RECORDS, SERVE_S)
            if self.fenced:
                return int(KafkaError.FENCED_INSTANCE_ID)
            if time.monotonic() > end:
                self._health.silent("a commit has no answer")
                raise LogUnavailable("Kafka: a commit has no answer")
        return answer[0]

    def _answer_to(self, offsets: Mapping[TopicPartition, int]) -> tuple[int] | None:
        """The answer's number, once it is there; of a commit that was given up before it isn't."""
        return (self._answer[1],) if self._answer and self._answer[0] == offsets else None

    def close(self) -> None:
        """Ends the client. A static member doesn't say goodbye: its name keeps its partitions for a lease.

        It leaves in two steps: an assignment that comes when the client is already ending would never be answered, and
        the end wait for it. Should that happen nevertheless the client is left behind.
        """
        if self._closing:
            return
        self._closing = True
        with suppress(KafkaException):
            self._client.unsubscribe()
            end = time.monotonic() + LEAVE_S
            while self.granted and time.monotonic() < end:
                self._client.consume(SERVE_RECORDS, SERVE_S)
            self._client.consume(SERVE_RECORDS, SERVE_S)
        ending = Thread(target=self._client.close, name="kafka-leaving", daemon=True)
        ending.start()
        ending.join(CLOSE_S)
        if ending.is_alive():
            log.warning("a client doesn't end and is left behind", seconds=CLOSE_S)

    # --- names

    def _forget(self, places: Iterable[TopicPartition]) -> set[TopicPartition]:
        """Those of `places` that were coming."""
        known = self._started.intersection(places)
        self._started -= known
        if known and self._came:  # else it would be taken for what follows when they come back, from further behind
            gone = {(self._options.outside(place.topic), place.partition) for place in known}
            self._came = [message for message in self._came if (message.topic(), message.partition()) not in gone]
        return known

    def _outside(self, places: Iterable[TopicPartition]) -> list[Place]:
        return [Place(self._options.outside(p.topic), p.partition) for p in places]

    def _inside(self, places: Iterable[Place]) -> set[TopicPartition]:
        return {TopicPartition(self._options.inside(p.topic), p.partition) for p in places}


def _fetch_wait_ms(topic: str) -> int:
    return max(FETCH_WAIT_MS, TOPICS[topic].gather_ms) if topic in TOPICS else FETCH_WAIT_MS
