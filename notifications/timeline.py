"""What happened to a notification, as `GET /notifications/{id}` tells it: status per channel, and every attempt.

Pure: from the decisions and cells the tracker stored to plain values. Times come out as RFC 3339 UTC (contract §2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from foundation.clock import to_rfc3339
from notifications import status as words
from notifications.records import ChannelDecision, Decision, Event
from notifications.store.port import LogEntry
from notifications.words import sentence, status_sentence

_VERDICT_STATUS = {"send": words.PENDING, "drop": words.DROPPED, "defer": words.DEFERRED}
_COPIED = ("reason", "setting", "error", "provider", "provider_id")


def accepted(event: Event, id: str) -> dict[str, Any]:
    """The answer for what is accepted and not decided yet."""
    return {
        **_head(id, _user_of(event, id), event),
        "status": words.ACCEPTED,
        "channels": {},
        "timeline": [_accepted_entry(event.accepted_at)],
        "event": event_as_accepted(event, id),
    }


def told(decisions: Sequence[Decision], cells: Sequence[LogEntry]) -> dict[str, Any]:
    """The answer for what was decided: `decisions` in the order taken (at least one), `cells` in any order."""
    first = decisions[0]
    channels = channel_statuses(decisions, cells)
    statuses = [words.ledger_bucket(channel["status"]) for channel in channels.values()]
    return {
        **_head(first.id, first.user, first.event),
        "category": first.category,
        "status": words.notification_bucket(statuses),
        "channels": channels,
        "timeline": timeline(decisions, cells),
        "event": event_as_accepted(first.event, first.id),
    }


def channel_statuses(decisions: Sequence[Decision], cells: Sequence[LogEntry]) -> dict[str, dict[str, Any]]:
    """For each channel decided on: its status, and why where that isn't plain."""
    latest: dict[str, ChannelDecision] = {}
    expected: dict[str, list[str]] = {}
    for decision in decisions:
        for verdict in decision.channels:
            latest[verdict.channel] = verdict
            expected.setdefault(verdict.channel, []).extend(verdict.sends)
    return {
        channel: _channel_status(verdict, [cell for cell in cells if cell.channel == channel], expected[channel])
        for channel, verdict in latest.items()
    }


def _channel_status(verdict: ChannelDecision, cells: list[LogEntry], expected: list[str]) -> dict[str, Any]:
    status = words.delivery_status(verdict.channel, cells, expected)
    cause = max((cell for cell in cells if cell.status == status), key=lambda cell: cell.at, default=None)
    told = {"status": status, "meaning": status_sentence(status)}
    if cause is not None:
        return {**told, **_explained(cause.detail)}
    if status == words.PENDING:
        told |= _filled(reason=verdict.reason, detail=verdict.detail, setting=verdict.setting)
    return told


def timeline(decisions: Sequence[Decision], cells: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Acceptance, every decision, attempt and receipt, oldest first.

    Cells with attempt 0 repeat a decision and are left out; negative attempts are receipts (delivery.tracking).
    """
    entries = [(decisions[0].event.accepted_at, _accepted_entry(decisions[0].event.accepted_at))]
    entries += [(decision.at, entry) for decision in decisions for entry in _decided(decision)]
    entries += [(cell.at, _tried(cell)) for cell in cells if cell.attempt != 0]
    entries.sort(key=lambda pair: pair[0])
    return [entry for _, entry in entries]


def _accepted_entry(at: int) -> dict[str, Any]:
    return {"at": to_rfc3339(at), "status": words.ACCEPTED, "meaning": status_sentence(words.ACCEPTED)}


def _decided(decision: Decision) -> Iterator[dict[str, Any]]:
    for verdict in decision.channels:
        yield {
            "at": to_rfc3339(decision.at),
            "channel": verdict.channel,
            "status": _VERDICT_STATUS[verdict.verdict],
            **_explained(
                {
                    "reason": verdict.reason,
                    "detail": verdict.detail,
                    "setting": verdict.setting,
                    "due": verdict.due,
                }
            ),
            **_filled(resumed=decision.event.resumed),
        }


def _tried(cell: LogEntry) -> dict[str, Any]:
    entry: dict[str, Any] = {"at": to_rfc3339(cell.at), "channel": cell.channel, "status": cell.status}
    entry |= _filled(send=cell.send, attempt=max(cell.attempt, 0))
    started = cell.detail.get("started_at")
    if started:
        entry |= {"started_at": to_rfc3339(started), "took_ms": max(0, cell.at - started)}
    return {**entry, **_explained(cell.detail)}


def _explained(detail: dict[str, Any]) -> dict[str, Any]:
    """The machine's words, and beside them a sentence: the decision's own, else the table's."""
    found = {name: detail[name] for name in _COPIED if detail.get(name)}
    said = detail.get("detail") or sentence(detail.get("reason", ""))
    if not said and detail.get("error"):
        said = sentence(detail["error"], error=True)
    due = detail.get("due")
    return {**found, **_filled(detail=said, due_at=to_rfc3339(due) if due else None)}


def event_as_accepted(event: Event, id: str) -> dict[str, Any]:
    """The event in the shape it was posted in, with its defaults filled in."""
    recipient = next((one for one in event.recipients if one.id == id), None)
    return {
        "type": event.type,
        "priority": event.priority,
        "target": {"type": "user", "user_id": recipient.user if recipient else ""},
        "data": {**event.data, **((recipient.data if recipient else None) or {})},
        "channels": event.channels,
        **_times(schedule_at=event.schedule_at, expires_at=event.expires_at),
        **_filled(collapse_key=event.collapse_key),
    }


def _head(id: str, user: str, event: Event) -> dict[str, Any]:
    return {
        "notification_id": id,
        "user_id": user,
        "type": event.type,
        "priority": event.priority,
        "lane": event.lane,
        **_times(accepted_at=event.accepted_at, schedule_at=event.schedule_at, expires_at=event.expires_at),
        **_filled(broadcast_id=event.broadcast),
    }


def _user_of(event: Event, id: str) -> str:
    return next((recipient.user for recipient in event.recipients if recipient.id == id), "")


def _times(**times: int | None) -> dict[str, str | None]:
    return {name: None if ms is None else to_rfc3339(ms) for name, ms in times.items()}


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}
