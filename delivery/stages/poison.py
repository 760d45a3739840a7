"""A record that can't be read: set aside with its bytes (contract §9)."""

from __future__ import annotations

from delivery import quarantine
from delivery.batch import BatchRecord
from foundation.errors import PoisonRecord
from notifications.records import HEADER_TRACE


def set_aside(topic: str, record: BatchRecord, poison: PoisonRecord) -> None:
    """Quarantines one record of a batch; the others go on. Raises ControlPlaneUnavailable: then the batch waits."""
    headers = {HEADER_TRACE: record.trace} if record.trace else {}
    quarantine.put(topic, [(record.partition, record.offset, record.value, headers)], poison.reason)
