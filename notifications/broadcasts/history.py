"""A notification that a broadcast made, by its id alone: its event and decision, from the row and the ledger.

There is one details row a broadcast (contract §7), so what `GET /notifications/{id}` and the admin ask of a single
notification is computed here; attempts and receipts are in the delivery log as everybody's.
"""

from __future__ import annotations

from foundation.identifiers import broadcast_of
from notifications import status
from notifications.broadcasts import book
from notifications.broadcasts.models import Broadcast
from notifications.records import ChannelDecision, Decision, Event, Recipient
from notifications.store.port import LogEntry
from notifications.words import sentence
from preferences.models import User
from templates_app.catalog import get_catalog

_VERDICTS = {status.DROPPED: "drop", status.DEFERRED: "defer"}


def event_of(id: str) -> Event | None:
    """The event of a broadcast's notification, None for any other id, who wasn't in its audience, and who was erased.

    Raises ControlPlaneUnavailable's causes as Django does.
    """
    found = broadcast_of(id)
    row = Broadcast.objects.filter(pk=found[0]).first() if found else None
    if found is None or row is None or not book.belongs(row.pk, found[1]):
        return None
    user = User.objects.filter(pk=found[1], erased_at=None).values_list("user_id", flat=True).first()
    return _event(row, id, user) if user else None


def decision_of(id: str) -> tuple[Decision, list[LogEntry]] | None:
    """What was decided for it, and cells for the channels it was dropped on; None while nothing was decided."""
    event, found = event_of(id), broadcast_of(id)
    if event is None or found is None:
        return None
    words = book.of_key(*found)
    if not words:
        return None
    facts, user = get_catalog().facts(event.type), event.recipients[0].user
    channels = [_channel(channel, words[channel]) for channel in event.channels or () if channel in words]
    decision = Decision(
        id=id,
        user=user,
        event=event,
        category=facts.category if facts else "",
        channels=channels,
        saw={"broadcast": event.broadcast},
        at=event.now,
    )
    return decision, [_dropped(id, user, each, event.now) for each in channels if each.verdict == "drop"]


def _event(row: Broadcast, id: str, user: str) -> Event:
    at = row.started_at or row.created_at
    return Event(
        lane="bulk",
        priority=row.priority,
        recipients=[Recipient(id, user)],
        type=row.type,
        type_version=row.type_version,
        template_version=row.template_version,
        data=row.data,
        now=at,
        accepted_at=at,
        expires_at=row.expires_at,
        channels=list(row.channels),
        collapse_key=row.collapse_key or None,
        token=row.token,
        broadcast=row.pk,
    )


def _channel(channel: str, word: str) -> ChannelDecision:
    found, _, reason = word.partition(":")
    verdict = _VERDICTS.get(found, "send")
    if verdict == "send":
        return ChannelDecision(channel=channel, verdict=verdict)
    return ChannelDecision(channel=channel, verdict=verdict, reason=reason, detail=sentence(reason))


def _dropped(id: str, user: str, its: ChannelDecision, at: int) -> LogEntry:
    return LogEntry(
        id=id,
        user=user,
        channel=its.channel,
        send="",
        attempt=0,
        status=status.DROPPED,
        rank=status.rank(its.channel, status.DROPPED),
        at=at,
        detail={"reason": its.reason, "detail": its.detail},
    )
