"""Sending a flight's current part: its payload beside the queue, its chain into the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import chain, current_app
from kombu.exceptions import OperationalError

from delivery import payloads
from delivery.batch import Batch, BatchRecord
from delivery.flight import Flight
from foundation.identifiers import new_batch_id
from foundation.redis import Unreachable
from notifications.log.port import LogRecord
from notifications.records import HEADER_REPEAT, HEADER_TRACE
from notifications.topology import TOPICS

log = structlog.get_logger(__name__)


def dispatch(flight: Flight, *, reply: str, polled_at: int, deadline: int, direct: bool = False) -> None:
    """Sends the part under a new batch id, which `flight.batch` is from then on. Times in ms.

    `direct`: the log is away, the chain tells the store itself (delivery/telling.py).

    Raises redis.ConnectionError when it is certain that nothing was sent. If that can't be known it counts as sent:
    the flight's clock decides.
    """
    flight.batch = new_batch_id()
    where = payloads.put(_batch(flight, reply, polled_at, deadline, direct))
    try:
        _chain(flight, where, deadline).apply_async()
    except (OperationalError, *Unreachable) as error:
        log.warning("batch may not have been sent", topic=flight.topic, why=str(error))


def _batch(flight: Flight, reply: str, polled_at: int, deadline: int, direct: bool) -> Batch:
    return Batch(
        id=flight.batch,
        reply=reply,
        topic=flight.topic,
        lane=TOPICS[flight.topic].lane,
        deadline=deadline,
        polled_at=polled_at,
        direct=direct,
        records=[_batch_record(record, flight) for record in flight.part.records],
    )


def _batch_record(record: LogRecord, flight: Flight) -> BatchRecord:
    headers: Mapping[str, str] = record.headers or {}
    return BatchRecord(
        partition=record.partition,
        offset=record.offset,
        value=record.value,
        repeat=flight.part.repeat or record.partition in flight.marked or HEADER_REPEAT in headers,
        trace=headers.get(HEADER_TRACE, ""),
    )


def _chain(flight: Flight, where: str, deadline: int) -> Any:
    topic = TOPICS[flight.topic]
    expires = datetime.fromtimestamp(deadline / 1000, UTC)
    options = {"queue": topic.queue, "expires": expires, "retry": False}
    first, *rest = topic.chain
    return chain(
        current_app.signature(first, args=(where,)).set(**options),
        *(current_app.signature(name).set(**options) for name in rest),
    )
