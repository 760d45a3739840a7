"""The process's one producer: idempotent, acks=all; many threads share its batches, each waits for its own callbacks.

Partitions are librdkafka's `murmur2_random` of the key, which equals `notifications.log.partitioner`. How it fails
fast and recovers: `notifications.log.kafka.health`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock, Thread

from confluent_kafka import KafkaError, KafkaException, Producer

from foundation.errors import LogUnavailable, PoisonRecord
from notifications.log.kafka.health import Health
from notifications.log.kafka.options import MAX_RECORD_BYTES, MS, Options, code, reason
from notifications.log.port import Message

LINGER_MS = 2
LOOK_S = 0.1
POLL_S = 0.2
FIND_S = 0.5
FLUSH_S = 5.0
# Callbacks come within librdkafka's own limit for a message; this is for the thread that serves them to be scheduled.
GRACE_S = 0.5
UNKNOWN = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)


class _Call:
    """One `produce`: how many of its messages are unanswered, and the first that failed."""

    __slots__ = ("error", "left", "woken")

    def __init__(self, count: int) -> None:
        self.left = count
        self.error: KafkaError | None = None
        self.woken = Lock()
        self.woken.acquire()


class KafkaProducer:
    """Appends messages and returns once they are durable. Thread-safe."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._timeout_s = options.timeout_s
        self._health = Health("producer")
        self._producer = Producer(
            options.client(
                self._health.heard,
                enable_idempotence=True,
                acks="all",
                linger_ms=LINGER_MS,
                partitioner="murmur2_random",
                message_timeout_ms=int(options.timeout_s * MS),
                request_timeout_ms=int(options.timeout_s * MS),
                message_max_bytes=MAX_RECORD_BYTES,
                queue_buffering_max_messages=options.queue_max,
            )
        )
        self._known: dict[str, str] = {}
        self._closing = False
        self._server = Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._server.start()

    def produce(self, messages: Sequence[Message], *, within_s: float | None = None) -> None:
        """See the port. Raises LogUnavailable, PoisonRecord for a message no topic takes."""
        if not messages:
            return
        limit_s = self._health.admit(self._timeout_s)
        soon = within_s is not None and within_s < limit_s
        wait_s = within_s if soon and within_s is not None else limit_s
        for topic in {message.topic for message in messages} - self._known.keys():
            self._find(topic, wait_s)
        call = _Call(len(messages))
        self._enqueue(messages, call)
        self._await(call, wait_s, soon=soon)

    def _enqueue(self, messages: Sequence[Message], call: _Call) -> None:
        produce, known = self._producer.produce, self._known

        def settled(error: KafkaError | None, message: object) -> None:
            if error is not None:
                call.error = call.error or error
            call.left -= 1
            if not call.left:
                if call.error is None:  # also for a caller that has given up: the brokers are back
                    self._health.answered()
                call.woken.release()

        try:
            for topic, key, value, headers in messages:
                produce(known[topic], value, key, headers=headers and dict(headers), on_delivery=settled)
        except BufferError as error:
            raise LogUnavailable(f"{self._options.queue_max} messages are under way to Kafka already") from error
        except KafkaException as error:
            if code(error) == KafkaError.MSG_SIZE_TOO_LARGE:
                raise PoisonRecord(f"{len(value)} bytes are more than a record of {topic} may have", value) from error
            raise LogUnavailable(f"{topic}: {reason(error)}") from error

    def _await(self, call: _Call, limit_s: float, *, soon: bool) -> None:
        """Raises LogUnavailable. What is given up `soon` may be answered yet, and says nothing of the brokers."""
        end = time.monotonic() + (limit_s if soon else limit_s + GRACE_S)
        while not call.woken.acquire(timeout=LOOK_S):
            if self._health.away:
                self._health.silent("no answer")
                raise LogUnavailable(f"{self._health.refusal()}; {call.left} messages without an answer")
            if time.monotonic() > end:
                if not soon:
                    self._health.silent(f"no answer within {limit_s} s")
                raise LogUnavailable(f"Kafka: {call.left} messages without an answer within {limit_s} s")
        if call.error is not None:
            if code(call.error) == KafkaError._MSG_TIMED_OUT:
                self._health.silent(call.error.str())
            raise LogUnavailable(reason(call.error))

    def _find(self, topic: str, limit_s: float) -> None:
        """Makes sure of a topic before anything of a call is produced."""
        outside = self._options.outside(topic)
        end = time.monotonic() + limit_s
        unknown_until = time.monotonic() + FIND_S
        while True:
            why = self._ask_for(outside)
            if why is None:
                self._known[topic] = outside
                return
            now = time.monotonic()
            if why in UNKNOWN and now > unknown_until:  # a topic that was just made takes a moment to be known
                raise LogUnavailable(f"there is no topic {topic!r}: create it with `manage.py topics --create`")
            if self._health.away or now > end:
                self._health.silent(KafkaError(why).str())
                raise LogUnavailable(f"{topic}: Kafka: {KafkaError(why).str()}")
            time.sleep(LOOK_S / 2)

    def _ask_for(self, outside: str) -> int | None:
        """The number of what is wrong with a topic, None if it is there."""
        try:
            found = self._producer.list_topics(outside, timeout=FIND_S).topics[outside]
        except KafkaException as error:
            return code(error)
        return None if found.error is None else found.error.code()

    def _serve(self) -> None:
        while not self._closing:
            self._producer.poll(POLL_S)

    def close(self) -> None:
        """Waits for what is under way and ends the thread."""
        self._producer.flush(min(self._timeout_s, FLUSH_S))
        self._closing = True
        self._server.join()
        self._producer.close()
