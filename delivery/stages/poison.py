"""A record that can't be read: set aside with its bytes (contract §9)."""

from __future__ import annotations

from delivery import quarantine
from delivery.batch import BatchRecord
from foundation.errors import PoisonRecord
from notifications.records import headers


def set_aside(topic: str, record: BatchRecord, poison: PoisonRecord) -> None:
    """Quarantines one record of a batch; the others go on. Raises Unreachable: then the batch waits."""
    its = headers(repeat=record.repeat, trace=record.trace) or {}
    quarantine.put(topic, [(record.partition, record.offset, record.value, its)], poison.reason)
