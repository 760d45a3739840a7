"""What a cancelled or recalled broadcast still has on the channel topics goes nowhere: it is dropped as `cancelled`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delivery.batch import DeliveryItem
from delivery.status import DROPPED
from foundation.clock import now_ms
from notifications.broadcasts import stops
from notifications.records import ChannelRecord, Outcome

CANCELLED = "cancelled"
DETAIL = "The broadcast was cancelled before this was sent."


def without_stopped(items: Sequence[DeliveryItem]) -> tuple[list[DeliveryItem], list[Outcome]]:
    """`items` without those of stopped broadcasts, and the drops that say so. One question a batch."""
    broadcasts = {item.record.broadcast for item in items if item.record.broadcast}
    if not broadcasts:
        return list(items), []
    stopped = stops.stopped({each for each in broadcasts if each})
    if not stopped:
        return list(items), []
    at = now_ms()
    drops = [drop for item in items if item.record.broadcast in stopped for drop in _drops(item.record, at)]
    return [item for item in items if item.record.broadcast not in stopped], drops


def _drops(record: ChannelRecord, at: int) -> Iterator[Outcome]:
    for who in record.recipients:
        for send in [each.id for each in who.sends] or [""]:
            yield Outcome(
                id=who.id,
                user=who.user,
                channel=record.channel,
                status=DROPPED,
                send=send,
                attempt=record.attempt,
                reason=CANCELLED,
                detail=DETAIL,
                at=at,
            )
