"""A record that can't be read: set aside with the bytes that stand on the log (contract §9)."""

from __future__ import annotations

from delivery import quarantine
from delivery.batch import BatchRecord
from foundation.errors import PoisonRecord
from notifications.log import get_log


def set_aside(topic: str, record: BatchRecord, poison: PoisonRecord) -> None:
    """Quarantines one record of a batch; the others go on. Raises ControlPlaneUnavailable: then the batch waits.

    The batch carries text, so bytes that are no UTF-8 were replaced in it: the log still has the original.
    """
    places = get_log().read(topic, record.partition, record.offset, record.offset + 1)
    rows = [(found.partition, found.offset, found.value, dict(found.headers)) for found in places]
    quarantine.put(topic, rows or [(record.partition, record.offset, poison.raw, {})], poison.reason)
