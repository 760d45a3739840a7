"""The quarantine of poison records: bytes kept, partition moved on (contract §9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import structlog
from django.db.models import Max, QuerySet
from redis.exceptions import LockError

from delivery import stopping
from delivery.models import QuarantinedRecord
from foundation import meters
from foundation.clock import now_ms
from foundation.control_plane import control_plane
from foundation.errors import PoisonRecord
from foundation.redis import Unreachable, get_redis, key
from foundation.streaming import remove
from notifications.log.port import Message
from notifications.records import HEADER_REPEAT, Attempting, ChannelRecord, Event, Failure, Reports, decode
from notifications.topology import DELIVERY, DLQ, INTAKE_TOPICS

log = structlog.get_logger(__name__)
RETRY_BATCH = 500
LOCKED_S = 10


def put(topic: str, records: Sequence[tuple[int, int, bytes, Mapping[str, str]]], reason: str) -> None:
    """Keeps records of `topic`, each (partition, offset, bytes, headers); one that is kept already stays as it is.

    Raises ControlPlaneUnavailable, QuarantineFull: then the partition must wait.
    """
    at = now_ms()
    rows = [
        QuarantinedRecord(
            topic=topic, partition=partition, offset=offset, raw=raw, headers=dict(headers), reason=reason, at=at
        )
        for partition, offset, raw, headers in records
    ]
    with control_plane(), _alone_on(topic):
        stopping.make_room(topic, [(partition, offset) for partition, offset, _, _ in records])
        QuarantinedRecord.objects.bulk_create(rows, ignore_conflicts=True)
    meters.QUARANTINED.labels(topic).inc(len(records))
    places = [f"{partition}@{offset}" for partition, offset, _, _ in records]
    log.error("records quarantined", topic=topic, records=places, reason=reason)


@contextmanager
def _alone_on(topic: str) -> Iterator[None]:
    """Counting and writing belong together: batches beside each other would all find room for the same last record.

    Without Redis it goes on without a lock: then bridges take nothing new, and what may be too many is under way.
    """
    lock = get_redis().lock(key("quarantine", "lock", topic), timeout=LOCKED_S, blocking_timeout=LOCKED_S)
    held = False
    with suppress(*Unreachable):
        held = lock.acquire()
    try:
        yield
    finally:
        if held:
            with suppress(LockError, *Unreachable):  # it ended by itself, after LOCKED_S
                lock.release()


def retry(rows: QuerySet[QuarantinedRecord]) -> int:
    """Puts kept records back on their topics, marked as repeats, under a key of their own; returns how many.

    What still nobody can handle is kept anew, maybe at once: that isn't put back in the same go.
    """
    from notifications.log import get_log

    newest = QuarantinedRecord.objects.aggregate(newest=Max("pk"))["newest"] or 0
    done = 0
    while batch := list(rows.filter(state=QuarantinedRecord.State.KEPT, pk__lte=newest)[:RETRY_BATCH]):
        get_log().produce(
            [Message(row.topic, key_of(row), bytes(row.raw), {**row.headers, HEADER_REPEAT: "1"}) for row in batch]
        )
        QuarantinedRecord.objects.filter(pk__in=[row.pk for row in batch]).update(
            state=QuarantinedRecord.State.RETRIED, changed_at=now_ms()
        )
        done += len(batch)
    return done


def purge(*, kept_before: int, retried_before: int) -> int:
    """Removes records kept before the one time (ms), and those put back before the other; returns how many.

    The second must not be within the log's retention: a record that is read again there must find its row. Raises
    ControlPlaneUnavailable.
    """
    rows, state = QuarantinedRecord.objects, QuarantinedRecord.State
    removed = remove(rows.filter(state=state.KEPT, at__lt=kept_before))
    return removed + remove(rows.filter(state=state.RETRIED, changed_at__lt=retried_before))


def key_of(row: QuarantinedRecord) -> str:
    """The key a retried record goes under: the one it had, where its bytes can be read, else its place."""
    try:
        return _key_in(row.topic, bytes(row.raw))
    except (PoisonRecord, LookupError):
        return f"{row.topic}/{row.partition}@{row.offset}"


def _key_in(topic: str, raw: bytes) -> str:
    if topic == DELIVERY:
        first = decode(Reports, raw).reports[0]
        return first.rows[0][0] if isinstance(first, Attempting) else first.id
    if topic == DLQ:
        return decode(Failure, raw).record.recipients[0].id
    if topic in INTAKE_TOPICS:
        return decode(Event, raw).recipients[0].user
    return decode(ChannelRecord, raw).recipients[0].user
