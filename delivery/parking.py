"""Parking: deliveries that come to rest as dead letters, and what operators hear of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from delivery.alerts import AlertNote
from delivery.fingerprints import fingerprint
from delivery.models import DeadLetter
from foundation.control_plane import control_plane
from notifications.records import ChannelRecord, FailedSend, encode

MISCONFIGURED_ALERT_EVERY_MS = 15 * 60_000


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """The sends of one delivery that share a fate. `record` is narrowed to them; `attempts` are those that counted."""

    record: ChannelRecord
    failed: Sequence[FailedSend]
    reason: str
    attempts: int
    at: int
    fell_back_to: str = ""


def park(parked: Sequence[Parked]) -> None:
    """Keeps dead letters; one that is there already stays as it is. Raises ControlPlaneUnavailable."""
    if parked:
        with control_plane():
            DeadLetter.objects.bulk_create([_row(each) for each in parked], ignore_conflicts=True)


def identity_of(record: ChannelRecord, *parts: str) -> str:
    """The identity of what becomes of this try of a delivery: the same for whoever does it again."""
    tried = f"{record.attempt}.{record.uncounted}.{record.hop}"
    return ":".join((record.recipients[0].id, record.channel, *parts, tried))


def letter_identity(parked: Parked) -> str:
    """The identity of a dead letter."""
    return identity_of(parked.record, "parked", parked.reason)


def parked_alert(parked: Parked) -> AlertNote:
    """A critical one was given up."""
    record = parked.record
    return AlertNote(
        identity=letter_identity(parked),
        kind="critical_parked",
        text=f"{record.type} to {record.channel} was parked after {parked.attempts} attempts: {parked.reason}",
        detail=_detail(record, parked.failed[0] if parked.failed else None),
    )


def trying_alert(record: ChannelRecord, failed: FailedSend, attempts: int) -> AlertNote:
    """A critical one fails and fails."""
    return AlertNote(
        identity=identity_of(record, "trying"),
        kind="critical_failing",
        text=f"{record.type} to {record.channel} has failed {attempts} times and is still tried: {failed.error}",
        detail=_detail(record, failed),
    )


def misconfigured_alert(account: str, why: str, at: int, detail: dict[str, str] | None = None) -> AlertNote:
    """A provider refuses our credentials or settings; told once in a while, whatever number of sends it hits."""
    return AlertNote(
        identity=f"misconfigured:{account}:{at // MISCONFIGURED_ALERT_EVERY_MS}",
        kind="misconfigured",
        text=f"The account {account} is refused: {why} Its sends wait, or go over another account, without losing an "
        f"attempt; it goes on by itself once that is mended (`manage.py providers check {account}`).",
        detail={"provider": account, "error": "misconfigured", **(detail or {})},
    )


def refused_alert(record: ChannelRecord, failed: FailedSend, at: int) -> AlertNote:
    """The same, told by a send that met it."""
    return misconfigured_alert(failed.provider, failed.detail, at, _detail(record, failed))


def _detail(record: ChannelRecord, failed: FailedSend | None) -> dict[str, str]:
    found = {"notification_id": record.recipients[0].id, "channel": record.channel, "type": record.type}
    if failed is not None:
        found |= {"error": failed.error, "provider": failed.provider}
    return found


def _row(parked: Parked) -> DeadLetter:
    record, recipient = parked.record, parked.record.recipients[0]
    last = parked.failed[0] if parked.failed else None
    return DeadLetter(
        identity=letter_identity(parked),
        notification_id=recipient.id,
        user=recipient.user,
        channel=record.channel,
        type=record.type,
        category=record.category,
        priority=record.priority,
        lane=record.lane,
        reason=parked.reason,
        error=last.error if last else "",
        detail=last.detail if last else "",
        provider=last.provider if last else "",
        provider_code=last.provider_code if last else "",
        attempts=record.attempt,
        fingerprint=fingerprint(
            error=last.error if last else "",
            provider_code=last.provider_code if last else "",
            type=record.type,
            channel=record.channel,
        ),
        fell_back_to=parked.fell_back_to,
        first_at=record.now,
        last_at=parked.at,
        record=encode(record),
    )
