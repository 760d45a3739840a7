"""From a routed notification to what is written about it: channel records, decisions, due-time rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from delivery.batch import Routed
from foundation.identifiers import send_id
from notifications.due.entry import HELD, QUIET_HOURS, DueEntry
from notifications.records import (
    ChannelDecision,
    ChannelRecipient,
    ChannelRecord,
    Decision,
    Event,
    FailedSend,
    Failure,
    Send,
    encode,
)
from notifications.topology import intake_topic
from preferences.decide import ERASED
from preferences.facts import Verdict
from templates_app.content import Content


def channel_records(routed: Routed, made_at: int) -> list[ChannelRecord]:
    """The deliveries of one notification whose content was rendered."""
    return [
        _channel_record(routed, verdict, routed.contents[verdict.channel], made_at)
        for verdict in routed.verdicts
        if verdict.verdict == "send" and verdict.channel in routed.contents
    ]


def template_failures(routed: Routed, at: int) -> list[Failure]:
    """The deliveries whose template failed: parked with the template's name and line."""
    return [
        _template_failure(_channel_record(routed, verdict, None, at), routed.template_errors[verdict.channel], at)
        for verdict in routed.verdicts
        if verdict.channel in routed.template_errors
    ]


def _template_failure(record: ChannelRecord, why: str, at: int) -> Failure:
    sends = record.recipients[0].sends
    return Failure(record=record, failed=[FailedSend(send=send, error="template", detail=why) for send in sends], at=at)


def _channel_record(routed: Routed, verdict: Verdict, content: Content | None, made_at: int) -> ChannelRecord:
    event = routed.event
    return ChannelRecord(
        channel=verdict.channel,
        lane=event.lane,
        priority=event.priority,
        attempt=event.attempt,
        uncounted=event.uncounted,
        hop=event.hop,
        refused_by=event.refused_by,
        recipients=[ChannelRecipient(routed.id, routed.user, _sends(routed, verdict), content)],
        type=event.type,
        category=routed.category,
        now=event.now,
        accepted_at=event.accepted_at,
        made_at=made_at,
        expires_at=event.expires_at,
        collapse_key=event.collapse_key,
        broadcast=event.broadcast,
        fell_back_from=event.fell_back_from,
        mandatory=routed.mandatory,
    )


def _sends(routed: Routed, verdict: Verdict) -> list[Send]:
    return [
        Send(send_id(routed.id, verdict.channel, address.address), address.address, address.platform, address.device)
        for address in verdict.addresses
    ]


def decision(routed: Routed, records: Iterable[ChannelRecord], at: int) -> Decision:
    """What routing decided, with the event as accepted."""
    sends = {record.channel: [send.id for send in record.recipients[0].sends] for record in records}
    return Decision(
        id=routed.id,
        user=routed.user,
        event=_to_keep(routed),
        category=routed.category,
        channels=[
            ChannelDecision(
                channel=verdict.channel,
                verdict=verdict.verdict,
                reason=verdict.reason,
                detail=verdict.detail,
                setting=verdict.setting,
                due=verdict.due,
                sends=sends.get(verdict.channel, []),
            )
            for verdict in routed.verdicts
        ],
        saw=routed.saw,
        at=at,
        stamps=routed.stamps,
    )


def _to_keep(routed: Routed) -> Event:
    """The event as accepted; without its data for a user who was erased, of whom nothing more is to be stored."""
    if not (routed.verdicts and all(verdict.reason == ERASED for verdict in routed.verdicts)):
        return routed.event
    recipients = [msgspec.structs.replace(each, data=None) for each in routed.event.recipients if each.id == routed.id]
    return msgspec.structs.replace(routed.event, recipients=recipients, data={})


def due_entries(routed: Routed) -> list[DueEntry]:
    """Due-time rows of what is deferred: one for a schedule, one a channel for quiet hours (contract §4)."""
    return deferrals(routed.event, routed.id, routed.user, routed.verdicts, routed.trace)


def deferrals(
    event: Event, id: str, user: str, verdicts: Iterable[Verdict | ChannelDecision], trace: str
) -> list[DueEntry]:
    """The rows that follow from a decision, whether it was taken just now or is read from the log."""
    deferred = [verdict for verdict in verdicts if verdict.verdict == "defer"]
    if not deferred:
        return []
    if deferred[0].reason == "scheduled":
        return [_due_entry(event, id, user, deferred[0].due, "*", "schedule", trace)]
    return [_due_entry(event, id, user, each.due, each.channel, _kind(each.reason), trace) for each in deferred]


def _kind(reason: str) -> str:
    return HELD if reason == HELD else QUIET_HOURS


def _due_entry(event: Event, id: str, user: str, at: int | None, channel: str, kind: str, trace: str) -> DueEntry:
    due = at or event.now
    later = msgspec.structs.replace(
        event, resumed=kind, only=event.only if channel == "*" else [channel], now=due, idempotency=None
    )
    return DueEntry(
        identity=f"{id}:{channel}:{kind}:{event.attempt}:{event.now}",
        notification_id=id,
        user=user,
        channel=channel,
        lane=event.lane,
        kind=kind,
        due_at=due,
        topic=intake_topic(event.lane),
        key=user,
        value=encode(later),
        trace=trace,
        # Whether it is held isn't in the record: the same record, read again, may have been sent.
        repeat=kind == HELD,
    )
