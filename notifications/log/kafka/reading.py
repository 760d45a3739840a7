"""Ranges of a partition, outside any group: clients without a membership, pooled and pointed at what is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Lock

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from foundation.errors import LogUnavailable
from notifications.log.kafka.health import Health
from notifications.log.kafka.options import Options, as_unavailable, reason
from notifications.log.port import LogRecord

RECORDS_A_READ = 500
QUEUE_KBYTES = 8 * 1024
FETCH_BYTES = 2 * 1024 * 1024
# A client that is pointed elsewhere first waits for the fetch it has under way.
WAIT_MS = 10
LOOK_S = 0.2
POOL = 4


class Readers:
    """Streams records. Thread-safe; an iterator that is left alone gives its client back when it is collected."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._health = Health("reader")
        self._free: list[Consumer] = []
        self._lock = Lock()

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[LogRecord]:
        """Records in [start, end), as far as they are there. Raises LogUnavailable."""
        if start >= end:
            return
        client = self._borrow()
        try:
            with as_unavailable():
                client.assign([TopicPartition(self._options.outside(topic), partition, start)])
            yield from self._stream(client, topic, end)
        finally:
            self._give_back(client)

    def _stream(self, client: Consumer, topic: str, end: int) -> Iterator[LogRecord]:
        waited_from = time.monotonic()
        while True:
            with as_unavailable():
                # The rest of what has come: `consume` alone would wait for as many as it may give.
                first = client.poll(LOOK_S)
                messages = [first, *client.consume(RECORDS_A_READ, 0)] if first is not None else []
            if messages:
                self._health.answered()
                waited_from = time.monotonic()
            elif time.monotonic() - waited_from > self._options.timeout_s or self._health.away:
                raise LogUnavailable(f"Kafka: nothing of {topic} came within {self._options.timeout_s} s")
            for message in messages:
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return
                if error is not None:
                    raise LogUnavailable(f"{topic}: {reason(error)}")
                if message.offset() >= end:
                    return
                yield record_of(message, topic)
                if message.offset() == end - 1:
                    return

    def _borrow(self) -> Consumer:
        with self._lock:
            if self._free:
                return self._free.pop()
        return Consumer(
            self._options.client(
                self._health.heard,
                group_id=self._options.outside("readers-without-a-group"),
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                auto_offset_reset="earliest",
                enable_partition_eof=True,
                fetch_wait_max_ms=WAIT_MS,
                fetch_message_max_bytes=FETCH_BYTES,
                queued_max_messages_kbytes=QUEUE_KBYTES,
            )
        )

    def _give_back(self, client: Consumer) -> None:
        with as_unavailable():
            client.unassign()
        with self._lock:
            if len(self._free) < POOL:
                self._free.append(client)
                return
        client.close()

    def close(self) -> None:
        with self._lock:
            free, self._free = self._free, []
        for client in free:
            client.close()


def record_of(message: Message, topic: str) -> LogRecord:
    """What the platform sees of a message of `topic` (its own name)."""
    key, headers = message.key(), message.headers()
    return LogRecord(
        topic,
        message.partition(),
        message.offset(),
        key.decode("utf-8", "replace") if key else "",
        message.value() or b"",
        {name: text(value) for name, value in headers} if headers else {},
        message.timestamp()[1],
    )


def text(value: bytes | str | None) -> str:
    """A header's value."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
