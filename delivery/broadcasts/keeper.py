"""The keeper of the ledgers: a consumer group of its own on `notifications.delivery` (decision 21).

Its offset moves after the bitmaps are committed, so a ledger is late, never wrong. Folding again changes nothing, so a
partition that changes hands needs no wait. The tracker has nothing to do with it.
"""

from __future__ import annotations

import structlog

from delivery.broadcasts.folding import news_of
from foundation.errors import ControlPlaneUnavailable, LogUnavailable, PoisonRecord
from foundation.process import pulse
from notifications.broadcasts import book
from notifications.log.port import Log, LogRecord, TopicPartition
from notifications.records import Report, Reports, decode
from notifications.reports import HEADER_LEDGER
from notifications.topology import DELIVERY, LEDGER_GROUP

RECORDS_A_TURN = 500
BYTES_A_TURN = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


class Keeper:
    """One member of the group; any number share the partitions. Not thread-safe: one thread turns it."""

    def __init__(self, engine: Log, member: str) -> None:
        self._log = engine
        self._consumer = engine.consumer(LEDGER_GROUP, [DELIVERY], member)
        self._unfolded: list[LogRecord] = []

    def turn(self) -> bool:
        """Folds what one poll gives; whether there was anything. A server that is away is waited for."""
        pulse.beat()
        try:
            self._follow()
            if not self._unfolded:
                self._unfolded = self._consumer.poll(RECORDS_A_TURN, BYTES_A_TURN)
            if not self._unfolded:
                return False
            book.fold(news_of(report for record in self._unfolded for report in _reports(record)))
            self._commit()
        except (LogUnavailable, ControlPlaneUnavailable) as error:
            log.warning("ledgers wait, a server is away", why=str(error))
            return False
        return True

    def behind(self) -> int:
        """Records of the delivery topic that aren't folded yet. Raises LogUnavailable."""
        done, ends = self._log.committed(LEDGER_GROUP, DELIVERY), self._log.end_offsets(DELIVERY)
        return sum(max(0, end - done.get(partition, 0)) for partition, end in ends.items())

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()

    def _follow(self) -> None:
        changes = self._consumer.assignment_changes()
        gone = changes.revoked | changes.revoking
        if gone:  # whoever has them now reads from the committed offset
            self._unfolded = [each for each in self._unfolded if (each.topic, each.partition) not in gone]
        if changes.revoking:
            self._consumer.release(list(changes.revoking))

    def _commit(self) -> None:
        offsets: dict[TopicPartition, int] = {}
        for record in self._unfolded:
            place = TopicPartition(record.topic, record.partition)
            offsets[place] = max(offsets.get(place, 0), record.offset + 1)
        self._consumer.commit(offsets)
        self._unfolded = []


def _reports(record: LogRecord) -> list[Report]:
    """The reports in a record that has any of a broadcast. What can't be read is the tracker's to quarantine."""
    if HEADER_LEDGER not in record.headers:
        return []
    try:
        return decode(Reports, record.value).reports
    except PoisonRecord:
        return []
